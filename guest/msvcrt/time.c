/* guest/msvcrt/time.c: calendar and clocks. Times are seconds since 1970 in 64 bits; the zone is
 * that of the system, by default UTC. */
#include "crt.h"
#include "msvcrt.h"

#define SECONDS_PER_DAY 86400
#define TICKS_PER_SECOND 10000000ll
#define UNIX_EPOCH 116444736000000000ll /* 1970 in FILETIME */
#define LAST_TIME 32535215999ll         /* 3000-12-31 23:59:59, the documented limit */

LONG _timezone;
int _daylight;
static char zone_name[64] = "UTC";
char *_tzname[2] = {zone_name, zone_name};

static LONG64 now_ticks(void)
{
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    return (LONG64)((ULONG64)now.dwHighDateTime << 32 | now.dwLowDateTime) - UNIX_EPOCH;
}

void _tzset(void)
{
    TIME_ZONE_INFORMATION zone;
    GetTimeZoneInformation(&zone);
    _timezone = zone.Bias * 60;
}

time64 _time64(time64 *out)
{
    time64 now = now_ticks() / TICKS_PER_SECOND;
    if (out)
        *out = now;
    return now;
}

time64 time(time64 *out)
{
    return _time64(out);
}

LONG _time32(LONG *out)
{
    LONG now = (LONG)_time64(NULL);
    if (out)
        *out = now;
    return now;
}

double _difftime64(time64 end, time64 start)
{
    return (double)(end - start);
}

double difftime(time64 end, time64 start)
{
    return _difftime64(end, start);
}

/* Milliseconds since the process began. */
LONG clock(void)
{
    FILETIME creation, exit, kernel, user, now;
    if (!GetProcessTimes(CURRENT_PROCESS, &creation, &exit, &kernel, &user))
        return -1;
    GetSystemTimeAsFileTime(&now);
    ULONG64 start = (ULONG64)creation.dwHighDateTime << 32 | creation.dwLowDateTime;
    ULONG64 end = (ULONG64)now.dwHighDateTime << 32 | now.dwLowDateTime;
    return (LONG)((end - start) / 10000);
}

static BOOL is_leap(LONG64 year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static const USHORT days_before[2][13] = {
    {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365},
    {0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366}};

static LONG64 days_to_year(LONG64 year)
{
    LONG64 y = year - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 - 719162; /* from 0001-01-01 to 1970-01-01 */
}

static BOOL split(time64 time, struct tm *tm)
{
    if (time < 0 || time > LAST_TIME) {
        *_errno() = EINVAL;
        return FALSE;
    }
    LONG64 days = time / SECONDS_PER_DAY;
    int rest = (int)(time % SECONDS_PER_DAY);
    LONG64 year = 1970 + days / 366;
    while (days >= days_to_year(year + 1))
        year++;
    int yday = (int)(days - days_to_year(year)), month = 0;
    while (yday >= days_before[is_leap(year)][month + 1])
        month++;
    *tm = (struct tm){.tm_sec = rest % 60,
                      .tm_min = rest / 60 % 60,
                      .tm_hour = rest / 3600,
                      .tm_mday = yday - days_before[is_leap(year)][month] + 1,
                      .tm_mon = month,
                      .tm_year = (int)(year - 1900),
                      .tm_wday = (int)((days + 4) % 7),
                      .tm_yday = yday};
    return TRUE;
}

struct tm *_gmtime64(const time64 *time)
{
    struct tm *tm = &crt_thread()->tm;
    return split(*time, tm) ? tm : NULL;
}

struct tm *gmtime(const time64 *time)
{
    return _gmtime64(time);
}

struct tm *_gmtime32(const LONG *time)
{
    time64 wide = *time;
    return _gmtime64(&wide);
}

struct tm *_localtime64(const time64 *time)
{
    struct tm *tm = &crt_thread()->tm;
    _tzset();
    return *time >= 0 && split(*time - _timezone, tm) ? tm : NULL;
}

struct tm *localtime(const time64 *time)
{
    return _localtime64(time);
}

struct tm *_localtime32(const LONG *time)
{
    time64 wide = *time;
    return _localtime64(&wide);
}

errno_t _gmtime64_s(struct tm *tm, const time64 *time)
{
    return tm && time && split(*time, tm) ? 0 : EINVAL;
}

errno_t _localtime64_s(struct tm *tm, const time64 *time)
{
    _tzset();
    return tm && time && split(*time - _timezone, tm) ? 0 : EINVAL;
}

/* Fields out of range are carried, as the standard says; tm is normalised. => -1 when out of range
 */
static time64 join(struct tm *tm, LONG zone)
{
    LONG64 months = (LONG64)tm->tm_year * 12 + tm->tm_mon;
    LONG64 year = 1900 + (months >= 0 ? months / 12 : -((11 - months) / 12));
    int month = (int)(months - (year - 1900) * 12);
    LONG64 days = days_to_year(year) + days_before[is_leap(year)][month] + tm->tm_mday - 1;
    time64 time = ((days * 24 + tm->tm_hour) * 60 + tm->tm_min) * 60 + tm->tm_sec;
    if (time < 0 || time > LAST_TIME || !split(time, tm))
        return crt_fail_errno(EINVAL);
    return time + zone;
}

time64 _mktime64(struct tm *tm)
{
    _tzset();
    return join(tm, _timezone);
}

time64 mktime(struct tm *tm)
{
    return _mktime64(tm);
}

time64 _mkgmtime64(struct tm *tm)
{
    return join(tm, 0);
}

LONG _mktime32(struct tm *tm)
{
    return (LONG)_mktime64(tm);
}

static const char *const day_names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                        "Thursday", "Friday", "Saturday"};
static const char *const month_names[] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};

char *asctime(const struct tm *tm)
{
    char *text = crt_thread()->asctime;
    _snprintf(text, 26, "%.3s %.3s %02d %02d:%02d:%02d %d\n", day_names[(unsigned)tm->tm_wday % 7],
              month_names[(unsigned)tm->tm_mon % 12], tm->tm_mday, tm->tm_hour, tm->tm_min,
              tm->tm_sec, tm->tm_year + 1900);
    return text;
}

char *_ctime64(const time64 *time)
{
    struct tm *tm = _localtime64(time);
    return tm ? asctime(tm) : NULL;
}

char *ctime(const time64 *time)
{
    return _ctime64(time);
}

static int week_of_year(const struct tm *tm, int first_day)
{
    int since = (tm->tm_wday - first_day + 7) % 7;
    return tm->tm_yday < since ? 0 : (tm->tm_yday - since) / 7 + 1;
}

/* One conversion of strftime into `out`. => its length; 0 for an unknown one */
static int conversion(char c, BOOL plain, const struct tm *tm, char *out, size_t room)
{
    int hour12 = tm->tm_hour % 12 ? tm->tm_hour % 12 : 12, year = tm->tm_year + 1900;
    const char *two = plain ? "%d" : "%02d";
    switch (c) {
    case 'a':
        return _snprintf(out, room, "%.3s", day_names[(unsigned)tm->tm_wday % 7]);
    case 'A':
        return _snprintf(out, room, "%s", day_names[(unsigned)tm->tm_wday % 7]);
    case 'b':
        return _snprintf(out, room, "%.3s", month_names[(unsigned)tm->tm_mon % 12]);
    case 'B':
        return _snprintf(out, room, "%s", month_names[(unsigned)tm->tm_mon % 12]);
    case 'c':
        return _snprintf(out, room, "%02d/%02d/%02d %02d:%02d:%02d", tm->tm_mon + 1, tm->tm_mday,
                         year % 100, tm->tm_hour, tm->tm_min, tm->tm_sec);
    case 'd':
        return _snprintf(out, room, two, tm->tm_mday);
    case 'H':
        return _snprintf(out, room, two, tm->tm_hour);
    case 'I':
        return _snprintf(out, room, two, hour12);
    case 'j':
        return _snprintf(out, room, plain ? "%d" : "%03d", tm->tm_yday + 1);
    case 'm':
        return _snprintf(out, room, two, tm->tm_mon + 1);
    case 'M':
        return _snprintf(out, room, two, tm->tm_min);
    case 'p':
        return _snprintf(out, room, "%s", tm->tm_hour < 12 ? "AM" : "PM");
    case 'S':
        return _snprintf(out, room, two, tm->tm_sec);
    case 'U':
        return _snprintf(out, room, two, week_of_year(tm, 0));
    case 'w':
        return _snprintf(out, room, "%d", tm->tm_wday);
    case 'W':
        return _snprintf(out, room, two, week_of_year(tm, 1));
    case 'x':
        return _snprintf(out, room, "%02d/%02d/%02d", tm->tm_mon + 1, tm->tm_mday, year % 100);
    case 'X':
        return _snprintf(out, room, "%02d:%02d:%02d", tm->tm_hour, tm->tm_min, tm->tm_sec);
    case 'y':
        return _snprintf(out, room, two, year % 100);
    case 'Y':
        return _snprintf(out, room, "%d", year);
    case 'z':
    case 'Z':
        return _snprintf(out, room, "%s", zone_name);
    case '%':
        return _snprintf(out, room, "%%");
    default:
        return 0;
    }
}

size_t strftime(char *buffer, size_t size, const char *format, const struct tm *tm)
{
    size_t used = 0;
    char piece[80];
    for (; *format; format++) {
        int length = 1;
        piece[0] = *format;
        if (*format == '%') {
            BOOL plain = format[1] == '#';
            format += plain ? 2 : 1;
            if (!*format)
                break;
            length = conversion(*format, plain, tm, piece, sizeof piece);
        }
        if (length < 0 || used + (size_t)length >= size) {
            if (size)
                *buffer = 0;
            *_errno() = ERANGE;
            return 0;
        }
        memcpy(buffer + used, piece, (size_t)length);
        used += (size_t)length;
    }
    if (size)
        buffer[used] = 0;
    return used;
}

size_t wcsftime(WCHAR *buffer, size_t size, const WCHAR *format, const struct tm *tm)
{
    size_t length = wcslen(format) + 1;
    char *narrow_format = malloc(length), *narrow = malloc(size + 1);
    size_t used = 0;
    if (narrow_format && narrow && wcstombs(narrow_format, format, length) != (size_t)-1) {
        used = strftime(narrow, size, narrow_format, tm);
        mbstowcs(buffer, narrow, used + 1);
    }
    free(narrow_format);
    free(narrow);
    return used;
}

struct timeb64 {
    time64 time;
    USHORT millitm;
    short timezone;
    short dstflag;
};

void _ftime64(struct timeb64 *out)
{
    LONG64 ticks = now_ticks();
    _tzset();
    *out = (struct timeb64){.time = ticks / TICKS_PER_SECOND,
                            .millitm = (USHORT)(ticks / 10000 % 1000),
                            .timezone = (short)(_timezone / 60)};
}

void _ftime(struct timeb64 *out)
{
    _ftime64(out);
}

char *_strdate(char *buffer)
{
    SYSTEMTIME t;
    GetLocalTime(&t);
    sprintf(buffer, "%02d/%02d/%02d", t.wMonth, t.wDay, t.wYear % 100);
    return buffer;
}

char *_strtime(char *buffer)
{
    SYSTEMTIME t;
    GetLocalTime(&t);
    sprintf(buffer, "%02d:%02d:%02d", t.wHour, t.wMinute, t.wSecond);
    return buffer;
}

/* ---- times of 32 bits, and with checks ---- */

struct timeb32 {
    LONG time;
    USHORT millitm;
    short timezone;
    short dstflag;
};

errno_t _ftime64_s(struct timeb64 *out)
{
    if (!out)
        return crt_invalid_parameter(EINVAL);
    _ftime64(out);
    return 0;
}

errno_t _ftime32_s(struct timeb32 *out)
{
    struct timeb64 now;
    if (!out)
        return crt_invalid_parameter(EINVAL);
    _ftime64(&now);
    *out = (struct timeb32){(LONG)now.time, now.millitm, now.timezone, now.dstflag};
    return 0;
}

void _ftime32(struct timeb32 *out)
{
    _ftime32_s(out);
}

double _difftime32(LONG end, LONG start)
{
    return (double)end - (double)start;
}

LONG _mkgmtime32(struct tm *tm)
{
    time64 time = _mkgmtime64(tm);
    return time < 0 || time > INT32_MAX ? crt_fail_errno(EINVAL) : (LONG)time;
}
