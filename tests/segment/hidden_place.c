/* hidden_place.c - room for segments. */
#include "seg_help.h"

#include <errno.h>

/* ---- Which hole ---------------------------------------------------------- */

/* A region of 0x1000 bytes with five holes, the second and the fourth alike:
 *
 *   0x000  0x200  0x280  0x300  0x380  0x500  0x580  0x600  0x700  0xF00
 *   | hole | seg  | hole | seg  | hole | seg  | hole |  seg | hole | seg |
 *     200    80     80     80     180    80     80     100    800    100
 */
static struct place *
holes(void)
{
    static const uint64_t bytes[10] = {0x200, 0x80, 0x80,  0x80,  0x180,
                                       0x80,  0x80, 0x100, 0x800, 0x100};
    struct place *place = new_place(0x1000);
    uint64_t base[10];
    place_all(place, bytes, 10, base);
    for (unsigned i = 0; i < 10; i += 2)
        check_status(place_free(place, base[i]), PLACE_OK);
    return place;
}

Test(hidden, new_region_is_one_hole)
{
    struct place *place = new_place(0x12345);
    check_stat(place, 0x12345, 0x12345, 1, 0);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, segments_are_placed_from_the_low_end_of_a_hole)
{
    struct place *place = new_place(0x1000);
    check_eq(placed(place, PLACE_FIRST_FIT, 0x300), 0);
    check_eq(placed(place, PLACE_BEST_FIT, 0x100), 0x300);
    check_eq(placed(place, PLACE_FIRST_FIT, 0x200), 0x400);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, sizes_are_not_rounded)
{
    struct place *place = new_place(100);
    check_eq(placed(place, PLACE_FIRST_FIT, 1), 0);
    check_eq(placed(place, PLACE_FIRST_FIT, 13), 1);
    check_eq(placed(place, PLACE_BEST_FIT, 7), 14);
    check_eq(placed(place, PLACE_FIRST_FIT, 79), 21);
    check_stat(place, 0, 0, 0, 4);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, first_fit_takes_the_lowest_hole_that_is_large_enough)
{
    struct place *place = holes();
    check_eq(placed(place, PLACE_FIRST_FIT, 0x201), 0x700);
    check_eq(placed(place, PLACE_FIRST_FIT, 0x80), 0x000);
    check_eq(placed(place, PLACE_FIRST_FIT, 0x180), 0x080);
    check_eq(placed(place, PLACE_FIRST_FIT, 0x80), 0x280);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, first_fit_begins_at_the_bottom_every_time)
{
    struct place *place = new_place(0x1000);
    static const uint64_t bytes[] = {0x100, 0x100, 0x100, 0x100};
    uint64_t base[4];
    place_all(place, bytes, 4, base);
    check_status(place_free(place, base[1]), PLACE_OK);
    check_eq(placed(place, PLACE_FIRST_FIT, 0x20), 0x100);
    check_status(place_free(place, base[0]), PLACE_OK);
    check_eq(placed(place, PLACE_FIRST_FIT, 0x20), 0x000);
    check_eq(placed(place, PLACE_FIRST_FIT, 0x20), 0x020);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, best_fit_takes_the_smallest_hole_that_is_large_enough)
{
    struct place *place = holes();
    check_eq(placed(place, PLACE_BEST_FIT, 0x81), 0x380);
    check_eq(placed(place, PLACE_BEST_FIT, 0x181), 0x000);
    check_eq(placed(place, PLACE_BEST_FIT, 0x181), 0x700);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, best_fit_takes_the_lowest_of_holes_alike)
{
    struct place *place = holes();
    check_eq(placed(place, PLACE_BEST_FIT, 0x70), 0x280);
    check_eq(placed(place, PLACE_BEST_FIT, 0x70), 0x580);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, exact_fit_leaves_no_hole)
{
    struct place *place = holes();
    check_stat(place, 0xC80, 0x800, 5, 5);
    check_eq(placed(place, PLACE_FIRST_FIT, 0x200), 0x000);
    check_stat(place, 0xA80, 0x800, 4, 6);
    check_eq(placed(place, PLACE_BEST_FIT, 0x180), 0x380);
    check_stat(place, 0x900, 0x800, 3, 7);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, region_can_be_filled_by_one_segment)
{
    struct place *place = new_place(0x5000);
    check_eq(placed(place, PLACE_BEST_FIT, 0x5000), 0);
    check_stat(place, 0, 0, 0, 1);
    uint64_t *base = arena_object(uint64_t);
    check_status(place_alloc(place, PLACE_FIRST_FIT, 1, base), PLACE_NO_SPACE);
    check_status(place_free(place, 0), PLACE_OK);
    check_stat(place, 0x5000, 0x5000, 1, 0);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, free_bytes_in_pieces_are_no_room_for_a_large_segment)
{
    struct place *place = holes();
    uint64_t *base = arena_object(uint64_t);
    check_status(place_alloc(place, PLACE_FIRST_FIT, 0x801, base),
                 PLACE_NO_SPACE);
    check_status(place_alloc(place, PLACE_BEST_FIT, 0x801, base),
                 PLACE_NO_SPACE);
    check_stat(place, 0xC80, 0x800, 5, 5);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, refused_segment_leaves_everything_as_it_was)
{
    struct place *place = holes();
    uint64_t *base = arena_object(uint64_t);
    *base = 0xA5A5A5A5;
    check_status(place_alloc(place, PLACE_FIRST_FIT, 0x1000, base),
                 PLACE_NO_SPACE);
    check_eq(*base, 0xA5A5A5A5);
    check_stat(place, 0xC80, 0x800, 5, 5);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, sizes_have_64_bits)
{
    const uint64_t tib = UINT64_C(1) << 40;
    struct place *place = new_place(16 * tib);
    check_eq(placed(place, PLACE_FIRST_FIT, 5 * tib + 3), 0);
    check_eq(placed(place, PLACE_BEST_FIT, tib), 5 * tib + 3);
    check_stat(place, 10 * tib - 3, 10 * tib - 3, 1, 2);
    uint64_t *base = arena_object(uint64_t);
    check_status(place_alloc(place, PLACE_FIRST_FIT, UINT64_MAX, base),
                 PLACE_NO_SPACE);
    check_status(place_alloc(place, PLACE_BEST_FIT, UINT64_MAX - tib, base),
                 PLACE_NO_SPACE);
    check_status(place_free(place, 5 * tib + 3), PLACE_OK);
    check_stat(place, 11 * tib - 3, 11 * tib - 3, 1, 1);
    check_status(place_destroy(place), PLACE_OK);
    place = new_place(UINT64_MAX);
    check_eq(placed(place, PLACE_FIRST_FIT, UINT64_MAX - 3), 0);
    check_eq(placed(place, PLACE_BEST_FIT, 3), UINT64_MAX - 3);
    check_status(place_alloc(place, PLACE_FIRST_FIT, 1, base), PLACE_NO_SPACE);
    check_status(place_free(place, UINT64_MAX - 3), PLACE_OK);
    check_status(place_free(place, 0), PLACE_OK);
    check_stat(place, UINT64_MAX, UINT64_MAX, 1, 0);
    check_status(place_destroy(place), PLACE_OK);
}

/* More than a table of 256 has room for. */
Test(hidden, region_holds_as_many_segments_as_it_has_bytes)
{
    enum { MANY = 270 };
    struct place *place = new_place(MANY);
    for (unsigned i = 0; i < MANY; i++)
        check_eq(placed(place, PLACE_FIRST_FIT, 1), i);
    check_stat(place, 0, 0, 0, MANY);
    for (unsigned i = 1; i < MANY; i += 2)
        check_status(place_free(place, i), PLACE_OK);
    check_stat(place, MANY / 2, 1, MANY / 2, MANY / 2);
    check_eq(placed(place, PLACE_BEST_FIT, 1), 1);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, two_regions_know_nothing_of_each_other)
{
    struct place *a = new_place(0x1000), *b = new_place(0x2000);
    check_eq(placed(a, PLACE_FIRST_FIT, 0x800), 0);
    check_eq(placed(b, PLACE_FIRST_FIT, 0x10), 0);
    check_stat(a, 0x800, 0x800, 1, 1);
    check_stat(b, 0x1FF0, 0x1FF0, 1, 1);
    check_status(place_destroy(a), PLACE_OK);
    check_stat(b, 0x1FF0, 0x1FF0, 1, 1);
    check_status(place_destroy(b), PLACE_OK);
}

/* ---- Giving back --------------------------------------------------------- */

/* Five segments of 0x100 bytes that fill a region. */
static struct place *
five(uint64_t base[5])
{
    static const uint64_t bytes[] = {0x100, 0x100, 0x100, 0x100, 0x100};
    struct place *place = new_place(0x500);
    place_all(place, bytes, 5, base);
    return place;
}

Test(hidden, freed_segment_between_two_is_a_hole)
{
    uint64_t base[5];
    struct place *place = five(base);
    check_status(place_free(place, base[2]), PLACE_OK);
    check_stat(place, 0x100, 0x100, 1, 4);
    check_eq(placed(place, PLACE_FIRST_FIT, 0x100), 0x200);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, freed_segment_joins_the_hole_below)
{
    uint64_t base[5];
    struct place *place = five(base);
    check_status(place_free(place, base[1]), PLACE_OK);
    check_status(place_free(place, base[2]), PLACE_OK);
    check_stat(place, 0x200, 0x200, 1, 3);
    check_eq(placed(place, PLACE_FIRST_FIT, 0x200), 0x100);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, freed_segment_joins_the_hole_above)
{
    uint64_t base[5];
    struct place *place = five(base);
    check_status(place_free(place, base[3]), PLACE_OK);
    check_status(place_free(place, base[2]), PLACE_OK);
    check_stat(place, 0x200, 0x200, 1, 3);
    check_eq(placed(place, PLACE_FIRST_FIT, 0x200), 0x200);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, freed_segment_joins_the_holes_on_both_sides)
{
    uint64_t base[5];
    struct place *place = five(base);
    check_status(place_free(place, base[0]), PLACE_OK);
    check_status(place_free(place, base[2]), PLACE_OK);
    check_stat(place, 0x200, 0x100, 2, 3);
    check_status(place_free(place, base[1]), PLACE_OK);
    check_stat(place, 0x300, 0x300, 1, 2);
    check_eq(placed(place, PLACE_FIRST_FIT, 0x300), 0);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, everything_freed_is_one_hole_again)
{
    static const unsigned order[] = {3, 0, 4, 1, 2};
    uint64_t base[5];
    struct place *place = five(base);
    for (unsigned i = 0; i < 5; i++)
        check_status(place_free(place, base[order[i]]), PLACE_OK);
    check_stat(place, 0x500, 0x500, 1, 0);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, freed_segment_cannot_be_freed_again)
{
    uint64_t base[5];
    struct place *place = five(base);
    check_status(place_free(place, base[0]), PLACE_OK);
    check_status(place_free(place, base[0]), PLACE_NO_SEGMENT);
    check_status(place_free(place, base[1]), PLACE_OK);
    check_status(place_free(place, base[1]), PLACE_NO_SEGMENT);
    check_stat(place, 0x200, 0x200, 1, 3);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, address_inside_a_segment_is_no_segment)
{
    uint64_t base[5];
    struct place *place = five(base);
    check_status(place_free(place, base[2] + 1), PLACE_NO_SEGMENT);
    check_status(place_free(place, base[2] + 0xFF), PLACE_NO_SEGMENT);
    check_stat(place, 0, 0, 0, 5);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, address_of_a_hole_or_beyond_is_no_segment)
{
    struct place *place = holes();
    check_status(place_free(place, 0x380), PLACE_NO_SEGMENT);
    check_status(place_free(place, 0x3FF), PLACE_NO_SEGMENT);
    check_status(place_free(place, 0x1000), PLACE_NO_SEGMENT);
    check_status(place_free(place, UINT64_MAX), PLACE_NO_SEGMENT);
    check_stat(place, 0xC80, 0x800, 5, 5);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, region_can_be_destroyed_with_segments_in_it)
{
    struct place *place = holes();
    check_status(place_destroy(place), PLACE_OK);
    place = new_place(0x1000);
    for (unsigned i = 0; i < 20; i++)
        check_eq(placed(place, PLACE_FIRST_FIT, 0x40), i * 0x40);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, region_of_no_bytes_cannot_be_made)
{
    errno = 0;
    struct place *place = place_create(0);
    const int why = errno;
    check(place == NULL, "a region of 0 bytes was made");
    check_eq(why, EINVAL);
}

Test(hidden, bad_arguments_of_placement)
{
    struct place *place = new_place(0x1000);
    uint64_t *base = arena_object(uint64_t);
    *base = 0xA5A5A5A5;
    check_status(place_alloc(NULL, PLACE_FIRST_FIT, 1, base),
                 PLACE_BAD_ARGUMENT);
    check_status(place_alloc(place, PLACE_FIRST_FIT, 0, base),
                 PLACE_BAD_ARGUMENT);
    check_status(place_alloc(place, PLACE_FIRST_FIT, 1, NULL),
                 PLACE_BAD_ARGUMENT);
    check_status(place_alloc(place, (enum place_fit)3, 1, base),
                 PLACE_BAD_ARGUMENT);
    check_status(place_alloc(place, (enum place_fit) - 1, 1, base),
                 PLACE_BAD_ARGUMENT);
    check_status(place_free(NULL, 0), PLACE_BAD_ARGUMENT);
    check_status(place_stat(place, NULL), PLACE_BAD_ARGUMENT);
    check_status(place_stat(NULL, arena_object(struct place_stat)),
                 PLACE_BAD_ARGUMENT);
    check_status(place_destroy(NULL), PLACE_BAD_ARGUMENT);
    check_eq(*base, 0xA5A5A5A5);
    check_stat(place, 0x1000, 0x1000, 1, 0);
    check_status(place_destroy(place), PLACE_OK);
}

/* ---- Chance against a map of bytes --------------------------------------- */

enum { REGION = 96, FREE = 0 };

/* owner[i] is FREE or the number of the segment that byte i belongs to. */
struct map {
    unsigned owner[REGION];
    unsigned segments; /* the last number given */
};

/* The hole that begins at `from`: its bytes, or 0 when none begins there. */
static unsigned
hole_at(const struct map *map, unsigned from)
{
    unsigned end = from;
    if (from > 0 && map->owner[from - 1] == FREE)
        return 0;
    while (end < REGION && map->owner[end] == FREE)
        end++;
    return end - from;
}

/* Where a segment has to go, or REGION. */
static unsigned
expected_base(const struct map *map, enum place_fit fit, unsigned bytes)
{
    unsigned best = REGION;
    for (unsigned at = 0; at < REGION; at++) {
        const unsigned hole = hole_at(map, at);
        if (hole < bytes)
            continue;
        if (best == REGION ||
            (fit == PLACE_BEST_FIT && hole < hole_at(map, best)) ||
            (fit == PLACE_WORST_FIT && hole > hole_at(map, best)))
            best = at;
    }
    return best;
}

static int
begins_segment(const struct map *map, unsigned at)
{
    return map->owner[at] != FREE &&
           (at == 0 || map->owner[at - 1] != map->owner[at]);
}

static void
check_map(const struct map *map, struct place *place, struct place_stat *stat)
{
    uint64_t free_bytes = 0, largest = 0, hole_count = 0, segments = 0;
    for (unsigned at = 0; at < REGION; at++) {
        const unsigned hole = hole_at(map, at);
        free_bytes += hole;
        hole_count += hole > 0;
        largest = hole > largest ? hole : largest;
        segments += begins_segment(map, at) ? 1 : 0;
    }
    check_status(place_stat(place, stat), PLACE_OK);
    check_eq(stat->free_bytes, free_bytes);
    check_eq(stat->largest_hole_bytes, largest);
    check_eq(stat->hole_count, hole_count);
    check_eq(stat->segment_count, segments);
}

/* Places and frees by chance, with any of the first `fits` fits. */
static void
random_placement(int rounds, unsigned fits)
{
    struct map map = {.segments = 0};
    struct place *place = new_place(REGION);
    struct place_stat *stat = arena_object(struct place_stat);
    uint64_t *base = arena_object(uint64_t);
    for (int round = 0; round < rounds; round++) {
        if (test_random_below(2) == 0) {
            const enum place_fit fit = (enum place_fit)test_random_below(fits);
            const unsigned bytes = 1 + (unsigned)test_random_below(12);
            const unsigned want = expected_base(&map, fit, bytes);
            check_context("round %d: place %u bytes, fit %d", round, bytes,
                          (int)fit);
            check_status(place_alloc(place, fit, bytes, base),
                         want == REGION ? PLACE_NO_SPACE : PLACE_OK);
            if (want != REGION) {
                check_eq(*base, want);
                map.segments++;
                for (unsigned i = want; i < want + bytes; i++)
                    map.owner[i] = map.segments;
            }
        } else {
            unsigned at = (unsigned)test_random_below(REGION);
            if (test_random_below(8) != 0) /* mostly a real one */
                while (at > 0 && !begins_segment(&map, at))
                    at--;
            const int is_one = begins_segment(&map, at);
            check_context("round %d: free 0x%X", round, at);
            check_status(place_free(place, at),
                         is_one ? PLACE_OK : PLACE_NO_SEGMENT);
            const unsigned gone = map.owner[at];
            for (unsigned i = at; is_one && i < REGION; i++)
                if (map.owner[i] == gone)
                    map.owner[i] = FREE;
        }
        check_map(&map, place, stat);
    }
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, random_placement_agrees_with_a_map_of_bytes)
{
    random_placement(1500, 2);
}

/* ---- Bonus: worst fit ---------------------------------------------------- */

Test(hidden, worst_fit_takes_the_largest_hole)
{
    struct place *place = holes();
    check_eq(placed(place, PLACE_WORST_FIT, 0x10), 0x700);
    check_eq(placed(place, PLACE_WORST_FIT, 0x700), 0x710);
    check_eq(placed(place, PLACE_WORST_FIT, 0x10), 0x000);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, worst_fit_takes_the_lowest_of_holes_alike)
{
    uint64_t base[5];
    struct place *place = five(base);
    check_status(place_free(place, base[1]), PLACE_OK);
    check_status(place_free(place, base[3]), PLACE_OK);
    check_eq(placed(place, PLACE_WORST_FIT, 0x20), 0x100);
    check_eq(placed(place, PLACE_WORST_FIT, 0x20), 0x300);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, worst_fit_refuses_what_no_hole_can_hold)
{
    struct place *place = holes();
    uint64_t *base = arena_object(uint64_t);
    check_status(place_alloc(place, PLACE_WORST_FIT, 0x801, base),
                 PLACE_NO_SPACE);
    check_eq(placed(place, PLACE_WORST_FIT, 0x800), 0x700);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, random_placement_with_worst_fit_agrees_with_a_map_of_bytes)
{
    random_placement(1000, 3);
}

/* ---- Bonus: compaction --------------------------------------------------- */

/* Byte `i` of what a test writes into segment number `segment`. */
static unsigned char
content(unsigned segment, uint64_t i)
{
    return (unsigned char)(segment * 37 + i * 11 + (i >> 8) + 1);
}

static void
write_segment(struct mach *mach, unsigned segment, uint64_t base,
              uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes; i++) {
        const unsigned char byte = content(segment, i);
        check(mach_poke(mach, base + i, &byte, 1) == 0, "poke");
    }
}

static void
check_segment(struct mach *mach, unsigned segment, uint64_t base,
              uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes; i++) {
        unsigned char byte = 0;
        check(mach_peek(mach, base + i, &byte, 1) == 0, "peek");
        check_context("byte 0x%llX of segment %u at 0x%llX",
                      (unsigned long long)i, segment, (unsigned long long)base);
        check_eq(byte, content(segment, i));
    }
}

/* Compacts and wants that many bytes moved. */
static void
check_compacts(struct place *place, struct mach *mach, uint64_t want)
{
    uint64_t *moved = arena_object(uint64_t);
    *moved = 0xA5A5A5A5;
    check_status(place_compact(place, mach, moved), PLACE_OK);
    check_eq(*moved, want);
}

Test(hidden, compaction_leaves_one_hole_at_the_top)
{
    struct mach *mach = test_machine(1);
    struct place *place = holes();
    check_compacts(place, mach, 0x80 * 3 + 0x100 * 2);
    check_stat(place, 0xC80, 0xC80, 1, 5);
    check_eq(placed(place, PLACE_FIRST_FIT, 0xC80), 0x380);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, compaction_keeps_contents_and_order)
{
    static const uint64_t bytes[] = {0x321, 0x123, 0x77, 0x900, 0x456, 0x500};
    struct mach *mach = test_machine(2);
    struct place *place = new_place(0x2000);
    uint64_t base[6];
    place_all(place, bytes, 6, base);
    for (unsigned i = 0; i < 6; i++)
        write_segment(mach, i, base[i], bytes[i]);
    for (unsigned i = 0; i < 6; i += 2)
        check_status(place_free(place, base[i]), PLACE_OK);
    check_compacts(place, mach, 0x123 + 0x900 + 0x500);
    check_segment(mach, 1, 0, 0x123);
    check_segment(mach, 3, 0x123, 0x900);
    check_segment(mach, 5, 0x123 + 0x900, 0x500);
    check_status(place_destroy(place), PLACE_OK);
}

/* Above the hole lie three segments without a hole between them. */
Test(hidden, segments_side_by_side_slide_one_after_the_other)
{
    static const uint64_t bytes[] = {0x180, 0x123, 0x321, 0x77, 0x100, 0x55};
    struct mach *mach = test_machine(1);
    struct place *place = new_place(0x1000);
    uint64_t base[6];
    place_all(place, bytes, 6, base);
    for (unsigned i = 0; i < 6; i++)
        write_segment(mach, i, base[i], bytes[i]);
    check_status(place_free(place, base[0]), PLACE_OK);
    check_status(place_free(place, base[4]), PLACE_OK);
    check_compacts(place, mach, 0x123 + 0x321 + 0x77 + 0x55);
    check_segment(mach, 1, 0, 0x123);
    check_segment(mach, 2, 0x123, 0x321);
    check_segment(mach, 3, 0x123 + 0x321, 0x77);
    check_segment(mach, 5, 0x123 + 0x321 + 0x77, 0x55);
    const uint64_t rest = 0x1000 - (0x123 + 0x321 + 0x77 + 0x55);
    check_stat(place, rest, rest, 1, 4);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, segment_may_slide_by_less_than_its_size)
{
    static const uint64_t bytes[] = {3, 0xC00};
    struct mach *mach = test_machine(1);
    struct place *place = new_place(0x1000);
    uint64_t base[2];
    place_all(place, bytes, 2, base);
    write_segment(mach, 1, base[1], bytes[1]);
    check_status(place_free(place, base[0]), PLACE_OK);
    check_compacts(place, mach, 0xC00);
    check_segment(mach, 1, 0, 0xC00);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, segment_in_its_place_is_not_moved)
{
    static const uint64_t bytes[] = {0x100, 0x200, 0x80, 0x300};
    struct mach *mach = test_machine(1);
    struct place *place = new_place(0x1000);
    uint64_t base[4];
    place_all(place, bytes, 4, base);
    check_status(place_free(place, base[2]), PLACE_OK);
    check_compacts(place, mach, 0x300);
    check_eq(mach_counts(mach).moved_bytes, 0x300);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, compact_region_moves_nothing)
{
    struct mach *mach = test_machine(1);
    struct place *place = new_place(0x1000);
    check_compacts(place, mach, 0);
    check_eq(placed(place, PLACE_FIRST_FIT, 0x400), 0);
    check_eq(placed(place, PLACE_FIRST_FIT, 0x300), 0x400);
    check_compacts(place, mach, 0);
    check_eq(placed(place, PLACE_FIRST_FIT, 0x900), 0x700);
    check_compacts(place, mach, 0);
    check_eq(mach_counts(mach).moved_bytes, 0);
    check_stat(place, 0, 0, 0, 3);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, moved_bytes_are_those_that_the_machine_moved)
{
    struct mach *mach = test_machine(1);
    struct place *place = holes();
    check_compacts(place, mach, 0x380);
    check_eq(mach_counts(mach).moved_bytes, 0x380);
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, compacted_segments_are_known_by_their_new_addresses)
{
    struct mach *mach = test_machine(1);
    struct place *place = holes();
    check_compacts(place, mach, 0x380);
    check_status(place_free(place, 0x700), PLACE_NO_SEGMENT);
    check_status(place_free(place, 0x080), PLACE_OK);
    check_status(place_free(place, 0x280), PLACE_OK);
    check_stat(place, 0xE00, 0xD80, 2, 3);
    check_eq(placed(place, PLACE_BEST_FIT, 0x80), 0x080);
    check_status(place_destroy(place), PLACE_OK);
}

/* Slides the owners of the map down; returns how many bytes they are that were
 * not in their place. */
static uint64_t
slide_map(struct map *map)
{
    unsigned to = 0;
    uint64_t moved = 0;
    for (unsigned at = 0; at < REGION; at++) {
        if (map->owner[at] == FREE)
            continue;
        moved += to != at;
        map->owner[to++] = map->owner[at];
    }
    while (to < REGION)
        map->owner[to++] = FREE;
    return moved;
}

/* A region that is filled, holed by chance and compacted, again and again; each
 * byte of memory holds the number of its segment. */
Test(hidden, random_compaction_agrees_with_a_map_of_bytes)
{
    struct map map = {.segments = 0};
    struct mach *mach = test_machine(1);
    struct place *place = new_place(REGION);
    struct place_stat *stat = arena_object(struct place_stat);
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 12; i++) {
            const unsigned bytes = 1 + (unsigned)test_random_below(12);
            const unsigned want = expected_base(&map, PLACE_FIRST_FIT, bytes);
            if (want == REGION)
                continue;
            check_eq(placed(place, PLACE_FIRST_FIT, bytes), want);
            map.segments++;
            for (unsigned b = want; b < want + bytes; b++) {
                const unsigned char mark = (unsigned char)map.segments;
                map.owner[b] = map.segments;
                check(mach_poke(mach, b, &mark, 1) == 0, "poke");
            }
        }
        for (unsigned at = 0; at < REGION; at++) {
            if (!begins_segment(&map, at) || test_random_below(3) != 0)
                continue;
            check_status(place_free(place, at), PLACE_OK);
            const unsigned gone = map.owner[at];
            for (unsigned b = at; b < REGION && map.owner[b] == gone; b++)
                map.owner[b] = FREE;
        }
        const uint64_t before = mach_counts(mach).moved_bytes;
        const uint64_t want = slide_map(&map);
        check_context("round %d", round);
        check_compacts(place, mach, want);
        check_eq(mach_counts(mach).moved_bytes - before, want);
        check_map(&map, place, stat);
        for (unsigned at = 0; at < REGION && map.owner[at] != FREE; at++) {
            unsigned char mark = 0;
            check(mach_peek(mach, at, &mark, 1) == 0, "peek");
            check_context("round %d: byte 0x%X", round, at);
            check_eq(mark, (unsigned char)map.owner[at]);
        }
    }
    check_status(place_destroy(place), PLACE_OK);
}

Test(hidden, bad_arguments_of_compaction)
{
    struct mach *mach = test_machine(1);
    struct place *place = holes();
    uint64_t *moved = arena_object(uint64_t);
    *moved = 0xA5A5A5A5;
    check_status(place_compact(NULL, mach, moved), PLACE_BAD_ARGUMENT);
    check_status(place_compact(place, NULL, moved), PLACE_BAD_ARGUMENT);
    check_status(place_compact(place, mach, NULL), PLACE_BAD_ARGUMENT);
    check_eq(*moved, 0xA5A5A5A5);
    check_eq(mach_counts(mach).moved_bytes, 0);
    check_stat(place, 0xC80, 0x800, 5, 5);
    check_status(place_destroy(place), PLACE_OK);
}
