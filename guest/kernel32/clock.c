/* guest/kernel32/clock.c: setting the clock, and time in other forms and zones. Reading the clock
 * is in system.c. Source: SetSystemTime, TIME_ZONE_INFORMATION, documentation. */
#include "k32.h"
#include "nt/security.h"

#define TICKS_PER_MINUTE 600000000ll

/* Turn the privilege that setting the time needs on or off in the process's token.
 * => STATUS_NOT_ALL_ASSIGNED: the token has no such privilege */
static NTSTATUS set_privilege(ULONG attributes)
{
    struct {
        ULONG count;
        LUID luid;
        ULONG attributes;
    } state = {1, {.LowPart = SE_SYSTEMTIME_PRIVILEGE}, attributes};
    HANDLE token;
    NTSTATUS status =
        NtOpenProcessToken(CURRENT_PROCESS, TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &token);
    if (!NT_SUCCESS(status))
        return status;
    status = NtAdjustPrivilegesToken(token, FALSE, &state, 0, NULL, NULL);
    NtClose(token);
    return status;
}

static BOOL set_time(const FILETIME *time)
{
    const LARGE_INTEGER now = {
        .QuadPart = (LONG64)((ULONG64)time->dwHighDateTime << 32 | time->dwLowDateTime)};
    NTSTATUS status = set_privilege(SE_PRIVILEGE_ENABLED);
    if (!NT_SUCCESS(status))
        return fail_status(status);
    status = NtSetSystemTime(&now, NULL);
    set_privilege(0);
    return done(status);
}

BOOL SetSystemTime(const SYSTEMTIME *time)
{
    FILETIME utc;
    return SystemTimeToFileTime(time, &utc) && set_time(&utc);
}

BOOL SetLocalTime(const SYSTEMTIME *time)
{
    FILETIME local, utc;
    return SystemTimeToFileTime(time, &local) && LocalFileTimeToFileTime(&local, &utc) &&
           set_time(&utc);
}

BOOL GetSystemTimeAdjustment(ULONG *adjustment, ULONG *increment, BOOL *disabled)
{
    SYSTEM_QUERY_TIME_ADJUST_INFORMATION info;
    if (!done(NtQuerySystemInformation(SystemTimeAdjustmentInformation, &info, sizeof info, NULL)))
        return FALSE;
    *adjustment = info.TimeAdjustment;
    *increment = info.TimeIncrement;
    *disabled = info.Enable;
    return TRUE;
}

BOOL DosDateTimeToFileTime(USHORT date, USHORT clock, FILETIME *time)
{
    const SYSTEMTIME fields = {
        .wYear = (USHORT)((date >> 9) + 1980),
        .wMonth = date >> 5 & 0xF,
        .wDay = date & 0x1F,
        .wHour = clock >> 11,
        .wMinute = clock >> 5 & 0x3F,
        .wSecond = (USHORT)((clock & 0x1F) * 2),
    };
    return SystemTimeToFileTime(&fields, time);
}

/* ---- zones ---- */

static LONG64 ticks_of(const FILETIME *time)
{
    return (LONG64)((ULONG64)time->dwHighDateTime << 32 | time->dwLowDateTime);
}

/* When a rule ("the last Sunday of October at 2:00", wDay 5 is the last one; with a year, that one
 * moment) comes in a year, in the local time before it. */
static LONG64 transition(const SYSTEMTIME *rule, USHORT year)
{
    SYSTEMTIME at = *rule;
    FILETIME time, next;
    if (!rule->wYear) {
        at.wYear = year;
        at.wDay = 1;
        SystemTimeToFileTime(&at, &time);
        FileTimeToSystemTime(&time, &at); /* which weekday the 1st is */
        at.wDay = (USHORT)(1 + (rule->wDayOfWeek + 7 - at.wDayOfWeek) % 7 + 7 * (rule->wDay - 1));
        while (!SystemTimeToFileTime(&at, &next))
            at.wDay -= 7;
    }
    SystemTimeToFileTime(&at, &time);
    return ticks_of(&time);
}

/* Minutes to add to local time for UTC. `time` is in UTC or local, as `local` says. */
static LONG bias_at(const TIME_ZONE_INFORMATION *zone, const SYSTEMTIME *fields, LONG64 time,
                    BOOL local)
{
    LONG standard = zone->Bias + zone->StandardBias, daylight = zone->Bias + zone->DaylightBias;
    if (!zone->StandardDate.wMonth || !zone->DaylightDate.wMonth)
        return zone->Bias;
    LONG64 to_daylight = transition(&zone->DaylightDate, fields->wYear);
    LONG64 to_standard = transition(&zone->StandardDate, fields->wYear);
    if (!local) {
        to_daylight += standard * TICKS_PER_MINUTE;
        to_standard += daylight * TICKS_PER_MINUTE;
    }
    BOOL in_daylight = to_daylight < to_standard ? time >= to_daylight && time < to_standard
                                                 : time >= to_daylight || time < to_standard;
    return in_daylight ? daylight : standard;
}

static BOOL convert(const TIME_ZONE_INFORMATION *zone, const SYSTEMTIME *from, SYSTEMTIME *to,
                    BOOL local)
{
    TIME_ZONE_INFORMATION current;
    FILETIME time;
    if (!zone) {
        GetTimeZoneInformation(&current);
        zone = &current;
    }
    if (!SystemTimeToFileTime(from, &time))
        return FALSE;
    LONG64 ticks = ticks_of(&time), bias = bias_at(zone, from, ticks, local) * TICKS_PER_MINUTE;
    ticks += local ? bias : -bias;
    time = (FILETIME){(ULONG)ticks, (ULONG)((ULONG64)ticks >> 32)};
    return FileTimeToSystemTime(&time, to);
}

BOOL SystemTimeToTzSpecificLocalTime(const TIME_ZONE_INFORMATION *zone, const SYSTEMTIME *utc,
                                     SYSTEMTIME *local)
{
    return convert(zone, utc, local, FALSE);
}

BOOL TzSpecificLocalTimeToSystemTime(const TIME_ZONE_INFORMATION *zone, const SYSTEMTIME *local,
                                     SYSTEMTIME *utc)
{
    return convert(zone, local, utc, TRUE);
}
