/* guest/msvcrt/bessel.c: Bessel functions of integer order, first and second kind.
 *
 * Below CROSSOVER, J_k for all k comes from the recurrence J_(k-1) = 2k/x J_k - J_(k+1) run
 * downwards from an order where J is negligible (Miller), scaled by J_0 + 2 (J_2 + J_4 + ...) = 1;
 * Y_0 and Y_1 are Neumann's series over the same J_k. Above it, J_0, J_1, Y_0, Y_1 come from
 * Hankel's asymptotic expansion. Higher orders of Y go upwards, which is stable; so do those of J
 * below x. In 80-bit arithmetic. Source: Abramowitz and
 * Stegun, 9.1.11, 9.1.27, 9.1.46, 9.1.88, 9.2.5 - 9.2.10. */
#include "crt.h"
#include "msvcrt.h"

#define CROSSOVER 32
#define EULER 0.577215664901532860606512090082402431L
#define PI 3.141592653589793238462643383279502884L
#define MOST_ORDERS 160 /* J_160(32) is below 1e-60 */

/* libmingwex */
long double logl(long double x);
long double sinl(long double x);
long double cosl(long double x);
long double sqrtl(long double x);

/* J_0 .. J_(MOST_ORDERS - 1) at 0 < x <= CROSSOVER. */
static void all_orders(long double x, long double *j)
{
    long double sum = 0;
    j[MOST_ORDERS - 1] = 0;
    j[MOST_ORDERS - 2] = 1e-4000L;
    for (int k = MOST_ORDERS - 2; k > 0; k--) {
        j[k - 1] = 2 * k / x * j[k] - j[k + 1];
        if (j[k - 1] > 1e2000L || j[k - 1] < -1e2000L)
            for (int i = k - 1; i < MOST_ORDERS; i++)
                j[i] *= 1e-3000L;
    }
    for (int k = 2; k < MOST_ORDERS; k += 2)
        sum += 2 * j[k];
    sum += j[0];
    for (int k = 0; k < MOST_ORDERS; k++)
        j[k] /= sum;
}

/* J and Y of order 0 or 1 at a large x. */
static void hankel(int order, long double x, long double *j, long double *y)
{
    const long double mu = 4.0L * order * order;
    long double term = 1, p = 0, q = 0, last = 2;
    for (int k = 0; k < 60 && term != 0; k++) {
        const long double size = term < 0 ? -term : term;
        if (size > last)
            break; /* the expansion begins to diverge */
        last = size;
        if (k % 2)
            q += k % 4 == 1 ? term : -term;
        else
            p += k % 4 == 0 ? term : -term;
        term *= (mu - (2.0L * k + 1) * (2.0L * k + 1)) / ((k + 1) * 8 * x);
    }
    const long double angle = x - (order / 2.0L + 0.25L) * PI;
    const long double sine = sinl(angle), cosine = cosl(angle);
    const long double scale = sqrtl(2 / (PI * x));
    *j = scale * (p * cosine - q * sine);
    *y = scale * (p * sine + q * cosine);
}

static long double first_kind(int order, long double x)
{
    long double orders[MOST_ORDERS], y, before, now, next;
    if (x <= CROSSOVER) {
        if (order >= MOST_ORDERS - 20)
            return 0;
        all_orders(x, orders);
        return orders[order];
    }
    hankel(0, x, &before, &y);
    hankel(1, x, &now, &y);
    if (order == 0)
        return before;
    if (order <= x) {
        for (int k = 1; k < order; k++) {
            next = 2 * k / x * now - before;
            before = now;
            now = next;
        }
        return now;
    }
    /* Beyond x upwards is unstable: the ratio J_n / J_(n-1) as a continued fraction, then up to the
     * order with the ratios, from the last stable one. */
    int stable = (int)x;
    long double base = first_kind(stable, x);
    for (int n = stable + 1; n <= order && base != 0; n++) {
        long double ratio = 0;
        for (int k = n + 80 + (int)x; k >= n; k--)
            ratio = 1 / (2 * k / x - ratio);
        base *= ratio;
    }
    return base;
}

static void second_kind_small(long double x, long double *y0, long double *y1)
{
    long double j[MOST_ORDERS], log_term, sum0 = 0, sum1 = 0;
    all_orders(x, j);
    log_term = logl(x / 2) + EULER;
    for (int k = 1; 2 * k + 1 < MOST_ORDERS; k++) {
        const long double sign = k % 2 ? -1 : 1;
        sum0 += sign * j[2 * k] / k;
        sum1 += sign * (2 * k + 1) * j[2 * k + 1] / ((long double)k * (k + 1));
    }
    *y0 = 2 / PI * log_term * j[0] - 4 / PI * sum0;
    *y1 = -2 / (PI * x) * j[0] + 2 / PI * (log_term - 1) * j[1] - 2 / PI * sum1;
}

double _jn(int order, double x)
{
    double sign = 1;
    if (_isnan(x))
        return x;
    if (order < 0) {
        order = -order;
        sign = order % 2 ? -sign : sign;
    }
    if (x < 0) {
        x = -x;
        sign = order % 2 ? -sign : sign;
    }
    if (x == 0)
        return order == 0;
    if (!_finite(x))
        return 0;
    return sign * (double)first_kind(order, x);
}

/* A pole at 0, no real value below it. */
double _yn(int order, double x)
{
    long double before, now, unused;
    double sign = order < 0 && order % 2 ? -1 : 1;
    if (_isnan(x))
        return x;
    if (x <= 0) {
        *_errno() = x == 0 ? ERANGE : EDOM;
        return x == 0 ? -__builtin_inf() : -__builtin_nan("");
    }
    if (!_finite(x))
        return 0;
    if (order < 0)
        order = -order;
    if (x <= CROSSOVER) {
        second_kind_small(x, &before, &now);
    } else {
        hankel(0, x, &unused, &before);
        hankel(1, x, &unused, &now);
    }
    if (order == 0)
        return (double)before;
    for (int k = 1; k < order && now > -1e4900L; k++) {
        long double next = 2 * k / (long double)x * now - before;
        before = now;
        now = next;
    }
    return sign * (double)now;
}

double _j0(double x)
{
    return _jn(0, x);
}

double _j1(double x)
{
    return _jn(1, x);
}

double _y0(double x)
{
    return _yn(0, x);
}

double _y1(double x)
{
    return _yn(1, x);
}
