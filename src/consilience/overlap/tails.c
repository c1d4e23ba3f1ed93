/* Tails of what two clusters share by chance: a sum of independent columns, by classes of columns of equal degree.
 *
 * overlap/tails.py loads and calls this; inference/null_model.py is the reference for the exact tail and for the score.
 * A row of `probability` (row classes x columns) is the chance that a row of the class holds a column of each class,
 * `multiplicity` how many columns the class has, `spread` the variance of its degree were it not fixed.
 */
#include "kernel.h"

#include <math.h>
#include <string.h>

#ifndef KERNEL_SOURCE
#define KERNEL_SOURCE ""
#endif

/* The digest of the sources that the build gave, so that an old library beside newer code is noticed. */
PUBLIC const char *kernel_source(void) { return KERNEL_SOURCE; }

#define MOST_COUNT 512 /* inference.null_model.EXACT_LIMIT */
#define HALF_LOG_TWO_PI 0.91893853320467274178

typedef struct {
    const double *probability, *multiplicity, *spread;
    i64 columns;
} model;

/* The chance that both rows hold a column, by class: inference.null_model.joint_probability. */
static void join(const model *from, u32 first, u32 second, double *joint)
{
    const double *one = from->probability + (i64)first * from->columns;
    const double *other = from->probability + (i64)second * from->columns;
    for (i64 v = 0; v < from->columns; v++) {
        const double room = from->spread[v] > 0.0 ? from->spread[v] : 1.0;
        const double left = 1.0 - (1.0 - one[v]) * (1.0 - other[v]) / room;
        joint[v] = left > 0.0 ? one[v] * other[v] * left : 0.0;
    }
}

/* log(x!) less its approximation by Stirling, for x > -1. */
static double remainder_of_stirling(double x)
{
    double shift = 0.0;
    for (; x < 10.0; x += 1.0) {
        if (x <= 0.0)
            return x < 0.0 ? INFINITY : -HALF_LOG_TWO_PI; /* 0! = 1, told apart by the caller */
        shift += (x + 0.5) * log1p(1.0 / x) - 1.0;
    }
    const double y = 1.0 / (x * x);
    return shift + (1.0 / 12.0 - y * (1.0 / 360.0 - y * (1.0 / 1260.0 - y / 1680.0))) / x;
}

/* The logarithm of the chance of exactly k > 0 successes in n > k trials (n need not be whole), mean n p < n: Loader,
 * "Fast and accurate computation of binomial probabilities" (2000), which loses no digits for large n. */
static double log_mass(double k, double n, double mean)
{
    const double rest = n - k, gap = k - mean;
    return remainder_of_stirling(n) - remainder_of_stirling(k) - remainder_of_stirling(rest) -
           (k * log(k / mean) - gap) - (rest * log1p(-gap / (n - mean)) + gap) + 0.5 * log(n / (k * rest)) -
           HALF_LOG_TWO_PI;
}

/* The logarithm of P(k or more) of the binomial variable with this mean and sum of squares of chances, for k > mean. */
static double binomial_tail(double k, double mean, double square)
{
    const double trials = mean * mean / square, odds = mean / (trials - mean);
    if (!(k < trials) || !(mean < trials))
        return -INFINITY;
    double term = 1.0, sum = 1.0;
    for (double j = k; term > 1e-12 * sum && j < trials; j += 1.0)
        sum += term *= (trials - j) / (j + 1.0) * odds;
    return fmin(log_mass(k, trials, mean) + log(sum), 0.0);
}

/* For pairs of rows, given by class: how many columns they are expected to share, and about log P(count or more): that
 * of the binomial variable with the same mean and variance; 0 where count is not above the mean. */
PUBLIC void tails_near(const double *probability, const double *multiplicity, const double *spread, double *joint,
                       i64 columns, i64 pairs, const u32 *rows, const i64 *count, double *expected, double *log_tail)
{
    const model from = {probability, multiplicity, spread, columns};
    for (i64 i = 0; i < pairs; i++) {
        double mean = 0.0, square = 0.0;
        join(&from, rows[2 * i], rows[2 * i + 1], joint);
        for (i64 v = 0; v < columns; v++) {
            mean += multiplicity[v] * joint[v];
            square += multiplicity[v] * joint[v] * joint[v];
        }
        expected[i] = mean;
        log_tail[i] = (double)count[i] > mean ? binomial_tail((double)count[i], mean, square) : 0.0;
    }
}

/* Masses 0 .. k - 1 of a binomial variable, and in beyond[j] P(at least j) for j = 0 .. k. */
static void binomial(double chance, double trials, i64 k, double *mass, double *beyond)
{
    const double odds = chance / (1.0 - chance), none = trials * log1p(-chance);
    double term = exp(none), far = 0.0, below = 0.0;
    i64 j = 0;
    if (none > -600.0) {
        for (; j < k; j++, term *= (trials - (double)j + 1.0) / (double)j * odds)
            below += mass[j] = (double)j <= trials ? term : 0.0;
    } else { /* the first mass is no number of this size, others are */
        for (; j < k; j++)
            below += mass[j] = j == 0 || (double)j > trials        ? 0.0
                               : (double)j < trials ? exp(log_mass((double)j, trials, trials * chance))
                                                    : exp(trials * log(chance));
        term = (double)k < trials    ? exp(log_mass((double)k, trials, trials * chance))
               : (double)k == trials ? exp(trials * log(chance))
                                     : 0.0;
    }
    if ((double)k > trials * chance)
        for (; (double)j <= trials && term > 1e-17 * far; j++, term *= (trials - (double)j + 1.0) / (double)j * odds)
            far += term;
    else
        far = below < 1.0 ? 1.0 - below : 0.0;
    beyond[k] = far;
    for (j = k - 1; j >= 0; j--)
        beyond[j] = beyond[j + 1] + mass[j];
}

/* The exact tail, from positive terms only, so that small values keep their digits. */
static double exact(const double *joint, const double *multiplicity, i64 columns, i64 k)
{
    double state[MOST_COUNT], next[MOST_COUNT], mass[MOST_COUNT], beyond[MOST_COUNT + 1], reached = 0.0;
    memset(state, 0, sizeof(double) * (u64)k);
    state[0] = 1.0;
    for (i64 v = 0; v < columns; v++) {
        if (!(joint[v] > 0.0))
            continue;
        binomial(fmin(joint[v], 1.0 - 1e-15), multiplicity[v], k, mass, beyond);
        for (i64 s = 0; s < k; s++)
            reached += state[s] * beyond[k - s];
        memset(next, 0, sizeof(double) * (u64)k);
        for (i64 j = 0; j < k && (double)j <= multiplicity[v]; j++) {
            const double share = mass[j];
            for (i64 s = 0; s + j < k; s++)
                next[s + j] += share * state[s];
        }
        memcpy(state, next, sizeof(double) * (u64)k);
    }
    return fmin(reached, 1.0);
}

/* Chernoff's bound of log P(weighted sum of shared columns >= observed): the least of K(s) - s observed over s >= 0, K
 * the cumulant function. The logarithm of K' is close to a line where the least lies, so that Newton's method on it is
 * there in a few steps; what it steps out of is halved. */
static double chernoff(const double *joint, const double *multiplicity, const double *weight, i64 columns,
                       double observed)
{
    double low = 0.0, high = 0.0, at = 0.0, bound = 0.0;
    for (i64 v = 0; v < columns; v++)
        high = fmax(high, weight[v]);
    high = 650.0 / fmax(high, 1e-300);
    for (int step = 0; step < 64; step++) {
        double mean = 0.0, variance = 0.0;
        for (i64 v = 0; v < columns; v++) {
            const double grown = exp(at * weight[v]), chance = joint[v] * grown / (1.0 + joint[v] * (grown - 1.0));
            const double share = multiplicity[v] * weight[v] * chance;
            mean += share;
            variance += share * weight[v] * (1.0 - chance);
        }
        const double gap = log(mean / observed);
        if (!(mean < observed))
            high = at;
        else
            low = at;
        if (!(fabs(gap) > 1e-8) || !(low < high))
            break;
        at -= gap * mean / variance;
        if (!(at > low && at < high))
            at = 0.5 * (low + high);
    }
    for (i64 v = 0; v < columns; v++)
        bound += multiplicity[v] * log1p(joint[v] * expm1(at * weight[v]));
    return fmin(bound - at * observed, 0.0); /* every s gives a bound, so a search that stops early does too */
}

/* The least sum whose Chernoff bound is at most the logarithm `limit` < 0; infinite where none is. The bound at the sum
 * K'(s) is K(s) - s K'(s); the logarithm of its negative grows almost like a line in s. */
static double least_sum(const double *joint, const double *multiplicity, const double *weight, i64 columns,
                        double limit)
{
    double low = 0.0, high = 0.0, at, mean = 0.0;
    for (i64 v = 0; v < columns; v++)
        high = fmax(high, weight[v]);
    at = 1.0 / fmax(high, 1e-300);
    high = 650.0 / fmax(high, 1e-300);
    for (int step = 0; step < 64; step++) {
        double cumulant = 0.0, variance = 0.0;
        mean = 0.0;
        for (i64 v = 0; v < columns; v++) {
            const double grown = exp(at * weight[v]), over = 1.0 + joint[v] * (grown - 1.0);
            const double chance = joint[v] * grown / over, share = multiplicity[v] * weight[v] * chance;
            cumulant += multiplicity[v] * log(over);
            mean += share;
            variance += share * weight[v] * (1.0 - chance);
        }
        const double bound = cumulant - at * mean, gap = log(bound / limit);
        if (bound < limit)
            high = at;
        else
            low = at;
        if (fabs(gap) < 1e-9)
            break;
        at -= gap * bound / (-at * variance);
        if (!(at > low && at < high))
            at = 0.5 * (low + high);
        if (!(high - low > 1e-12 * high))
            return INFINITY;
    }
    return mean;
}

/* For pairs of rows: the least weighted sum, as a whole number of `unit`, that may have a bound of at most `limit`. */
PUBLIC void tails_least(const double *probability, const double *multiplicity, const double *spread, double *joint,
                        i64 columns, i64 pairs, const u32 *rows, const double *limit, const double *weight, i64 *least)
{
    const model from = {probability, multiplicity, spread, columns};
    for (i64 i = 0; i < pairs; i++) {
        join(&from, rows[2 * i], rows[2 * i + 1], joint);
        const double sum = least_sum(joint, multiplicity, weight, columns, limit[0]) * limit[1] * (1.0 - 1e-6);
        least[i] = sum < 9e18 ? (i64)sum : INT64_MAX;
    }
}

/* P(count or more): exact up to MOST_COUNT, Chernoff's bound, which is never below it, above that. `ones` (columns) is
 * the weight of a column that counts once. */
PUBLIC void tails_exact(const double *probability, const double *multiplicity, const double *spread, double *joint,
                        i64 columns, i64 pairs, const u32 *rows, const i64 *count, const double *ones, double *tail)
{
    const model from = {probability, multiplicity, spread, columns};
    for (i64 i = 0; i < pairs; i++) {
        join(&from, rows[2 * i], rows[2 * i + 1], joint);
        tail[i] = count[i] <= 0            ? 1.0
                  : count[i] <= MOST_COUNT ? exact(joint, multiplicity, columns, count[i])
                                           : exp(chernoff(joint, multiplicity, ones, columns, (double)count[i]));
    }
}

/* The logarithm of Chernoff's bound for the sum of `weight` over the shared columns to be as large as `observed`. */
PUBLIC void tails_score(const double *probability, const double *multiplicity, const double *spread, double *joint,
                        i64 columns, i64 pairs, const u32 *rows, const double *observed, const double *weight,
                        double *log_bound)
{
    const model from = {probability, multiplicity, spread, columns};
    for (i64 i = 0; i < pairs; i++) {
        join(&from, rows[2 * i], rows[2 * i + 1], joint);
        log_bound[i] = chernoff(joint, multiplicity, weight, columns, observed[i]);
    }
}
