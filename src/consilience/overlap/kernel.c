/* Overlap of clusters in bulk: what every pair of clusters shares, from rows (unit, cluster).
 *
 * Plain C11 without Python's headers; overlap/kernel.py loads it, checks every array and calls it from threads. The
 * steps, in the order of the calls (Gustavson, "Two fast algorithms for sparse matrices", ACM TOMS 4 (1978) 250-269,
 * for the last one):
 *
 *   kernel_partition   rows -> words, ordered by bucket: the top bits of the unit, mixed so that buckets fill evenly
 *   kernel_group       one bucket after the other, in cache: distinct entries, degrees, holders of each kept unit
 *   kernel_transpose   holders by unit -> for each cluster the places of its units
 *   kernel_rows        for each cluster a, over its units, over the holders after a: one addition
 *
 * A word is the rest of the mixed unit above, and the cluster in the low bits; the mixing can be undone, so nothing is
 * lost and no two units meet. Sums are of integers: they do not depend on the order, nor on the number of threads.
 */
#include "kernel.h"

#include <string.h>

#define LAST 0x80000000u /* marks the last holder of a unit */
#define COUNT_SHIFT 44   /* an accumulator: 20 bits of count above 44 bits of rarity */
#define COUNT_LIMIT ((1u << 20) - 1)
#define RARITY_LIMIT ((1ull << COUNT_SHIFT) - 1)

/* A permutation of the 64-bit numbers: every step can be undone. */
static inline u64 mix(u64 x)
{
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93ull;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93ull;
    return x ^ (x >> 32);
}

static inline u64 unit_at(const void *units, int width, i64 row)
{
    return width == 8 ? ((const u64 *)units)[row] : ((const u32 *)units)[row];
}

static inline u32 cluster_at(const void *clusters, int width, i64 row)
{
    return width == 4 ? ((const u32 *)clusters)[row] : ((const uint16_t *)clusters)[row];
}

/* Order rows by bucket, for buckets first .. last - 1 of 2^bits; the others are left out. `ends` (last - first + 2)
 * comes zeroed and goes back with bucket b's words in ends[b] .. ends[b + 1]. `seen` (limit) marks clusters that have a
 * row, in whatever bucket. Needs cluster_bits <= bits. Returns the number of words, or -1 - row where a cluster is not
 * below `limit`. */
PUBLIC i64 kernel_partition(const void *units, int unit_width, const void *clusters, int cluster_width, i64 rows,
                            u32 limit, int bits, int cluster_bits, u64 first, u64 last, u64 *words, u32 *ends,
                            uint8_t *seen)
{
    const int rest = 64 - bits;
    const u64 mask = (1ull << rest) - 1, wanted = last - first;
    for (i64 row = 0; row < rows; row++) {
        const u32 cluster = cluster_at(clusters, cluster_width, row);
        if (cluster >= limit)
            return -1 - row;
        seen[cluster] = 1;
        const u64 bucket = (mix(unit_at(units, unit_width, row)) >> rest) - first;
        if (bucket < wanted)
            ends[bucket + 2]++;
    }
    for (u64 bucket = 2; bucket < wanted + 2; bucket++)
        ends[bucket] += ends[bucket - 1];
    for (i64 row = 0; row < rows; row++) {
        const u64 unit = mix(unit_at(units, unit_width, row)), bucket = (unit >> rest) - first;
        if (bucket < wanted)
            words[ends[bucket + 1]++] = (unit & mask) << cluster_bits | cluster_at(clusters, cluster_width, row);
    }
    return ends[wanted];
}

/* Sort n words that differ in their low `bits` only: by their top digit into `spare` and back, then each part. */
static void sort_words(u64 *words, u64 *spare, i64 n, int bits)
{
    if (n <= 24 || bits == 0) {
        for (i64 i = 1; i < n; i++) {
            const u64 word = words[i];
            i64 j = i;
            for (; j > 0 && words[j - 1] > word; j--)
                words[j] = words[j - 1];
            words[j] = word;
        }
        return;
    }
    int digit = 11;
    while (digit > 4 && (1ll << (digit - 1)) > n)
        digit--;
    if (digit > bits)
        digit = bits;
    const int shift = bits - digit;
    const u64 mask = (1ull << digit) - 1;
    u32 end[(1 << 11) + 2];
    memset(end, 0, sizeof(u32) * ((1u << digit) + 2));
    for (i64 i = 0; i < n; i++)
        end[(words[i] >> shift & mask) + 2]++;
    for (u64 part = 2; part < mask + 2; part++)
        end[part] += end[part - 1];
    for (i64 i = 0; i < n; i++)
        spare[end[(words[i] >> shift & mask) + 1]++] = words[i];
    memcpy(words, spare, sizeof(u64) * (u64)n);
    for (u64 part = 0; part <= mask; part++)
        if (end[part + 1] - end[part] > 1)
            sort_words(words + end[part], spare, end[part + 1] - end[part], shift);
}

/* Fetch the words of one bucket from all batches, sort them and drop repeats; return how many are left. */
static i64 fetch(const u64 *const *words, const u32 *const *ends, i64 batches, u64 bucket, int bits, u64 *scratch,
                 u64 *spare)
{
    i64 n = 0, distinct = 0;
    for (i64 batch = 0; batch < batches; batch++) {
        const u32 begin = ends[batch][bucket], end = ends[batch][bucket + 1];
        memcpy(scratch + n, words[batch] + begin, sizeof(u64) * (end - begin));
        n += end - begin;
    }
    sort_words(scratch, spare, n, bits);
    for (i64 i = 0; i < n; i++)
        if (i == 0 || scratch[i] != scratch[i - 1])
            scratch[distinct++] = scratch[i];
    return distinct;
}

/* Write the holders of all units with 2 .. cut holders of the buckets first .. last - 1 (numbered from the first that
 * the batches have) to `members`, sorted, the last holder of a unit marked. Add to kept[cluster] its entries, to
 * listed[cluster] those that are not the last of their unit, to degrees[d] the kept units of d holders. `scratch` and
 * `spare` hold the words of the largest bucket. Returns the members written. */
PUBLIC i64 kernel_group(const u64 *const *words, const u32 *const *ends, i64 batches, u64 first, u64 last, int bits,
                        int cluster_bits, i64 cut, u64 *scratch, u64 *spare, u32 *members, i64 *kept, i64 *listed,
                        i64 *degrees)
{
    const u64 mask = (1ull << cluster_bits) - 1;
    i64 written = 0;
    for (u64 bucket = first; bucket < last; bucket++) {
        const i64 n = fetch(words, ends, batches, bucket, 64 - bits + cluster_bits, scratch, spare);
        for (i64 begin = 0, end; begin < n; begin = end) {
            for (end = begin + 1; end < n && scratch[end] >> cluster_bits == scratch[begin] >> cluster_bits;)
                end++;
            if (end - begin < 2 || end - begin > cut)
                continue;
            for (i64 i = begin; i < end; i++) {
                const u32 cluster = (u32)(scratch[i] & mask);
                kept[cluster]++;
                listed[cluster] += i + 1 < end;
                members[written++] = i + 1 < end ? cluster : cluster | LAST;
            }
            degrees[end - begin]++;
        }
    }
    return written;
}

/* Write all distinct entries of the buckets: each unit mixed and as it came in order, with the end of its holders. */
PUBLIC i64 kernel_distinct(const u64 *const *words, const u32 *const *ends, i64 batches, u64 buckets, int bits,
                           int cluster_bits, u64 *scratch, u64 *spare, u64 *units, i64 *holders_end, u32 *members)
{
    const u64 mask = (1ull << cluster_bits) - 1;
    i64 written = 0, found = 0;
    for (u64 bucket = 0; bucket < buckets; bucket++) {
        const i64 n = fetch(words, ends, batches, bucket, 64 - bits + cluster_bits, scratch, spare);
        for (i64 i = 0; i < n; i++) {
            const u64 unit = bucket << (64 - bits) | scratch[i] >> cluster_bits;
            if (i == 0 || scratch[i] >> cluster_bits != scratch[i - 1] >> cluster_bits)
                units[found++] = unit;
            members[written++] = (u32)(scratch[i] & mask);
            holders_end[found - 1] = written;
        }
    }
    return found;
}

/* List for each cluster its units among members[begin .. end]: where the holders after it start, of how many holders
 * in all, and how many come after it (32, 16, 16 bits). cursor[cluster] says where its next item goes. Takes away the
 * marks of the last holders. */
PUBLIC void kernel_transpose(u32 *members, i64 begin, i64 end, u64 *items, i64 *cursor)
{
    for (i64 unit = begin, next; unit < end; unit = next) {
        for (next = unit; !(members[next] & LAST);)
            next++;
        members[next++] &= ~LAST;
        const u64 degree = (u64)(next - unit);
        for (i64 place = unit; place + 1 < next; place++)
            items[cursor[members[place]]++] = (u64)(place + 1) << 32 | degree << 16 | (u64)(next - 1 - place);
    }
}

/* Which pairs are told: class_of (clusters) gives the class of each cluster, least (classes x classes) the rarity that a
 * pair of these classes must have. */
typedef struct {
    const u32 *class_of;
    const i64 *least;
    i64 classes;
} screen;

/* Where the sums of a pair go, and how many pairs share anything, told or not. */
typedef struct {
    u32 *a, *b;
    i64 *count, *rarity;
    i64 filled, sharing;
} pairs;

static inline void emit(pairs *out, const screen *rule, u32 a, u32 b, i64 count, i64 rarity)
{
    const i64 place = out->filled;
    out->sharing++;
    if (rule && rarity < rule->least[rule->class_of[a] * rule->classes + rule->class_of[b]])
        return;
    out->a[place] = a;
    out->b[place] = b;
    out->count[place] = count;
    out->rarity[place] = rarity;
    out->filled++;
}

/* Move the sums from the accumulators to the wide ones, before one of them could run over. */
static void spill(u64 *sums, i64 *wide, u32 from, u32 clusters)
{
    for (u32 b = from; b < clusters; b++) {
        wide[2 * b] += (i64)(sums[b] >> COUNT_SHIFT);
        wide[2 * b + 1] += (i64)(sums[b] & RARITY_LIMIT);
        sums[b] = 0;
    }
}

/* Add up one row: what cluster a shares with every later one. Returns whether the wide accumulators were needed, where
 * all sums then are; `additions` is raised by how many were made. */
static int add_row(const u32 *members, const u64 *items, i64 begin, i64 end, u32 a, u32 clusters, const i64 *weight,
                   u64 *sums, i64 *wide, i64 *additions)
{
    u64 rarity = 0;
    u32 count = 0;
    int spilled = 0;
    for (i64 i = begin; i < end; i++) {
        const u64 item = items[i], add = (u64)weight[item >> 16 & 0xffff];
        if (i + 12 < end)
            __builtin_prefetch(members + (items[i + 12] >> 32));
        rarity += add;
        if (rarity > RARITY_LIMIT || ++count > COUNT_LIMIT) {
            spill(sums, wide, a + 1, clusters);
            rarity = add;
            count = 1;
            spilled = 1;
        }
        const u32 *holder = members + (item >> 32), *stop = holder + (item & 0xffff);
        *additions += stop - holder;
        for (; holder < stop; holder++)
            sums[*holder] += 1ull << COUNT_SHIFT | add;
    }
    if (spilled)
        spill(sums, wide, a + 1, clusters);
    return spilled;
}

/* Tell the pairs of a row whose sums are in the accumulators, and set these to zero again. */
static void tell_all(pairs *out, const screen *rule, u32 a, u32 clusters, u64 *sums)
{
    for (u32 b = a + 1; b < clusters; b++) {
        const u64 sum = sums[b];
        if (sum) {
            sums[b] = 0;
            emit(out, rule, a, b, (i64)(sum >> COUNT_SHIFT), (i64)(sum & RARITY_LIMIT));
        }
    }
}

/* The same for a row that touched few accumulators: walk its lists again and mark them, 64 to a word, so that 50,000
 * clusters do not mean 50,000 looks for each of them. */
static void tell_touched(pairs *out, const screen *rule, u32 a, u32 clusters, u64 *sums, u64 *marks,
                         const u32 *members, const u64 *items, i64 begin, i64 end)
{
    for (i64 i = begin; i < end; i++) {
        const u32 *holder = members + (items[i] >> 32), *stop = holder + (items[i] & 0xffff);
        for (; holder < stop; holder++)
            marks[*holder >> 6] |= 1ull << (*holder & 63);
    }
    for (u32 word = a >> 6; word <= (clusters - 1) >> 6; word++)
        for (; marks[word]; marks[word] &= marks[word] - 1) {
            const u32 b = word << 6 | (u32)__builtin_ctzll(marks[word]);
            const u64 sum = sums[b];
            sums[b] = 0;
            emit(out, rule, a, b, (i64)(sum >> COUNT_SHIFT), (i64)(sum & RARITY_LIMIT));
        }
}

/* Tell the pairs of a row whose sums were moved to the wide accumulators. */
static void tell_wide(pairs *out, const screen *rule, u32 a, u32 clusters, i64 *wide)
{
    for (u32 b = a + 1; b < clusters; b++)
        if (wide[2 * b])
            emit(out, rule, a, b, wide[2 * b], wide[2 * b + 1]);
    memset(wide, 0, sizeof(i64) * 2 * clusters);
}

/* What the clusters row .. last - 1 share with later ones: pairs (a, b), sorted. items of cluster c are in
 * start[c] .. start[c + 1]; sums (clusters), marks (clusters / 64 + 1) and wide (2 x clusters) come zeroed and are left
 * so. Stops before a row for which `capacity` might not be enough (clusters suffice for one). Without class_of every
 * pair is told. Returns the next row; `told` gets the number of pairs written and, added, that of pairs that share. */
PUBLIC u32 kernel_rows(const u32 *members, const u64 *items, const i64 *start, u32 row, u32 last, u32 clusters,
                       const i64 *weight, u64 *sums, u64 *marks, i64 *wide, const u32 *class_of, const i64 *least,
                       i64 classes, i64 capacity, u32 *out_a, u32 *out_b, i64 *count, i64 *rarity, i64 *told)
{
    const screen rule = {class_of, least, classes}, *used = class_of ? &rule : 0;
    pairs out = {out_a, out_b, count, rarity, 0, 0};
    for (; row < last && out.filled + clusters - row <= capacity; row++) {
        const i64 begin = start[row], end = start[row + 1];
        i64 additions = 0;
        if (begin == end)
            continue;
        if (add_row(members, items, begin, end, row, clusters, weight, sums, wide, &additions))
            tell_wide(&out, used, row, clusters, wide);
        else if (additions * 8 < clusters - row)
            tell_touched(&out, used, row, clusters, sums, marks, members, items, begin, end);
        else
            tell_all(&out, used, row, clusters, sums);
    }
    told[0] = out.filled;
    told[1] += out.sharing;
    return row;
}
