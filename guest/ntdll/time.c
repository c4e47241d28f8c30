/* guest/ntdll/time.c: time in units of 100 ns since 1601-01-01, and its parts. */
#include "ntdllp.h"

#define TICKS_PER_SECOND 10000000ll
#define SECONDS_PER_DAY 86400ll
#define DAYS_PER_400_YEARS 146097ll
#define SECONDS_1601_TO_1970 11644473600ll

/* A KSYSTEM_TIME is written high2, low, high1: equal high parts frame a consistent value. */
static LONG64 read_time(const volatile KSYSTEM_TIME *time)
{
    for (;;) {
        LONG high = time->High1Time;
        ULONG low = time->LowPart;
        if (high == time->High2Time) {
            return (LONG64)((ULONG64)(ULONG)high << 32 | low);
        }
        __builtin_ia32_pause();
    }
}

void RtlpGetSystemTime(LARGE_INTEGER *time)
{
    time->QuadPart = read_time(&SharedUserData->SystemTime);
}

static LONG64 days_before_year(LONG64 year) /* since 1601-01-01 */
{
    LONG64 y = year - 1601;
    return y * 365 + y / 4 - y / 100 + y / 400;
}

static bool leap(LONG64 year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(LONG64 year, int month)
{
    static const UCHAR days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && leap(year));
}

void RtlTimeToTimeFields(const LARGE_INTEGER *time, TIME_FIELDS *fields)
{
    LONG64 seconds = time->QuadPart / TICKS_PER_SECOND;
    LONG64 days = seconds / SECONDS_PER_DAY, rest = seconds % SECONDS_PER_DAY;
    LONG64 year = 1601 + days * 400 / DAYS_PER_400_YEARS; /* right, or one too late or early */
    while (days < days_before_year(year)) {
        year--;
    }
    while (days >= days_before_year(year + 1)) {
        year++;
    }
    LONG64 day = days - days_before_year(year);
    int month = 1;
    while (day >= days_in_month(year, month)) {
        day -= days_in_month(year, month++);
    }
    fields->Year = (SHORT)year;
    fields->Month = (SHORT)month;
    fields->Day = (SHORT)(day + 1);
    fields->Hour = (SHORT)(rest / 3600);
    fields->Minute = (SHORT)(rest / 60 % 60);
    fields->Second = (SHORT)(rest % 60);
    fields->Milliseconds = (SHORT)(time->QuadPart / 10000 % 1000);
    fields->Weekday = (SHORT)((days + 1) % 7); /* 1601-01-01 was a Monday */
}

/* => 0: no such moment */
BOOLEAN RtlTimeFieldsToTime(const TIME_FIELDS *fields, LARGE_INTEGER *time)
{
    if (fields->Year < 1601 || fields->Month < 1 || fields->Month > 12 || fields->Day < 1 ||
        fields->Day > days_in_month(fields->Year, fields->Month) || fields->Hour < 0 ||
        fields->Hour > 23 || fields->Minute < 0 || fields->Minute > 59 || fields->Second < 0 ||
        fields->Second > 59 || fields->Milliseconds < 0 || fields->Milliseconds > 999) {
        return 0;
    }
    LONG64 days = days_before_year(fields->Year) + fields->Day - 1;
    for (int month = 1; month < fields->Month; month++) {
        days += days_in_month(fields->Year, month);
    }
    LONG64 seconds =
        days * SECONDS_PER_DAY + fields->Hour * 3600 + fields->Minute * 60 + fields->Second;
    time->QuadPart = seconds * TICKS_PER_SECOND + fields->Milliseconds * 10000ll;
    return 1;
}

BOOLEAN RtlTimeToSecondsSince1970(const LARGE_INTEGER *time, ULONG *seconds)
{
    LONG64 value = time->QuadPart / TICKS_PER_SECOND - SECONDS_1601_TO_1970;
    if (value < 0 || value > 0xFFFFFFFFll) {
        return 0;
    }
    *seconds = (ULONG)value;
    return 1;
}

void RtlSecondsSince1970ToTime(ULONG seconds, LARGE_INTEGER *time)
{
    time->QuadPart = (seconds + SECONDS_1601_TO_1970) * TICKS_PER_SECOND;
}

NTSTATUS RtlSystemTimeToLocalTime(const LARGE_INTEGER *system, LARGE_INTEGER *local)
{
    local->QuadPart = system->QuadPart - read_time(&SharedUserData->TimeZoneBias);
    return STATUS_SUCCESS;
}

NTSTATUS RtlLocalTimeToSystemTime(const LARGE_INTEGER *local, LARGE_INTEGER *system)
{
    system->QuadPart = local->QuadPart + read_time(&SharedUserData->TimeZoneBias);
    return STATUS_SUCCESS;
}

BOOLEAN RtlQueryPerformanceCounter(LARGE_INTEGER *counter)
{
    return NT_SUCCESS(NtQueryPerformanceCounter(counter, NULL));
}

BOOLEAN RtlQueryPerformanceFrequency(LARGE_INTEGER *frequency)
{
    LARGE_INTEGER counter;
    return NT_SUCCESS(NtQueryPerformanceCounter(&counter, frequency));
}
