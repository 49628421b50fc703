/*
 * random.h - the source of chance of the oracle.
 *
 * A case is made from the seed and its own number alone, so that any one of
 * them can be made again without those before it, and the same on each side:
 * in a kernel of 32 or 64 bits, in a user program and in the comparison.
 * The generator is SplitMix64 (Steele, Lea and Flood, 2014).
 */
#ifndef ORACLE_RANDOM_H
#define ORACLE_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state;
};

static inline uint64_t
random_bits(struct random *r)
{
    uint64_t z = r->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* 0 to `end` - 1; without a division, which a kernel of 32 bits has not. */
static inline uint32_t
random_below(struct random *r, uint32_t end)
{
    return (uint32_t)((random_bits(r) >> 32) * end >> 32);
}

/* 1 once in `count` times. */
static inline int
random_once_in(struct random *r, uint32_t count)
{
    return random_below(r, count) == 0;
}

/* The source of case `number` of kind `kind`. */
static inline struct random
random_for(uint64_t seed, uint32_t kind, uint32_t number)
{
    struct random r = {seed ^ (uint64_t)kind << 56};
    r.state = random_bits(&r) + number;
    r.state = random_bits(&r);
    return r;
}

#endif
