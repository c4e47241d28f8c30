/* src/host/clock.c: NT counts 100 ns from 1601, Linux seconds and nanoseconds from 1970. */
#include "host/host.h"

#define UNIX_EPOCH 11644473600ll /* seconds from 1601 to 1970: 369 years with 89 leap days */
#define NANOSECONDS_PER_TICK 100
#define LATEST_SECOND (INT64_MAX / HOST_TICKS_PER_SECOND - 1) /* since 1601 */

uint64_t host_time_from_unix(struct timespec time)
{
    if (time.tv_sec < -UNIX_EPOCH)
        return 0;
    int64_t seconds = time.tv_sec;
    if (seconds > LATEST_SECOND - UNIX_EPOCH)
        seconds = LATEST_SECOND - UNIX_EPOCH;
    return (uint64_t)((seconds + UNIX_EPOCH) * HOST_TICKS_PER_SECOND +
                      time.tv_nsec / NANOSECONDS_PER_TICK);
}

struct timespec host_time_to_unix(uint64_t time)
{
    const uint64_t ticks = HOST_TICKS_PER_SECOND;
    return (struct timespec){
        .tv_sec = (time_t)(time / ticks) - UNIX_EPOCH,
        .tv_nsec = (long)(time % ticks) * NANOSECONDS_PER_TICK,
    };
}

uint64_t host_system_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return host_time_from_unix(now);
}

uint64_t host_monotonic_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)(now.tv_sec * HOST_TICKS_PER_SECOND + now.tv_nsec / NANOSECONDS_PER_TICK);
}
