/* walks.c - page walks: fills in the entries of a case, makes its access with
 * them in force, and looks where it went and what has become of the entries. */
#include "kernel.h"

#include "../walk_case.h"

#ifdef __x86_64__
typedef uint64_t entry;
#define FORMAT PW_FOUR_LEVEL
#define KIND   KIND_WALKS_FOUR_LEVEL
#else
typedef uint32_t entry;
#define FORMAT PW_TWO_LEVEL
#define KIND   KIND_WALKS_TWO_LEVEL
#endif

enum {
    CR0_WP = 1 << 16,
    CR4_PSE = 1 << 4,
    EFER_NXE = 1 << 11,
    BLOCKS = PW_PAGE_BYTES / WALK_BLOCK,
};

#define NUMBER_MARK UINT32_C(0x5A000000)

static uint32_t
block_number(uint32_t frame, uint32_t block)
{
    return NUMBER_MARK | frame << 8 | block;
}

static void
fill_frame(uint32_t frame)
{
    uint8_t *at = see(walk_frame(frame));
    for (uint32_t b = 0; b < BLOCKS; b++, at += WALK_BLOCK) {
        const uint32_t number = block_number(frame, b);
        at[0] = 0xB8; /* mov $number, %eax */
        *(uint32_t *)(at + 1) = number;
        at[5] = 0xCD; /* int */
        at[6] = VECTOR_FETCHED;
        at[7] = 0x90;
        *(uint32_t *)(at + WALK_BLOCK_READ) = number;
        *(uint32_t *)(at + WALK_BLOCK_WRITE) = 0;
    }
}

/* The physical address of the block of that number; all ones for a number that
 * no block has. */
static uint64_t
block_address(uint32_t number)
{
    const uint32_t frame = number >> 8 & 0xFFFF;
    if ((number & 0xFF000000) != NUMBER_MARK || frame >= WALK_FRAMES)
        return UINT64_MAX;
    return walk_frame(frame) + (number & 0xFF) * WALK_BLOCK;
}

/* Looks for what was written in the block of each frame that can have it, and
 * takes it away.  All ones when it is in none, or in more than one. */
static uint64_t
find_written(uint64_t va)
{
    uint64_t found = UINT64_MAX;
    uint32_t times = 0;
    for (uint32_t f = 0; f < WALK_FRAMES; f++) {
        const uint64_t pa = walk_frame(f) + (va & 0xFFF);
        uint32_t *at = see(pa);
        if (*at == 0)
            continue;
        found = *at == WRITTEN ? pa : UINT64_MAX;
        times++;
        *at = 0;
    }
    return times == 1 ? found : UINT64_MAX;
}

static char *
choose_code(uint32_t access)
{
#ifdef __x86_64__
    if ((access & PW_STACK) != 0)
        return access & PW_WRITE ? code_write_stack : code_read_stack;
#endif
    if ((access & PW_EXECUTE) != 0)
        return code_fetch;
    return access & PW_WRITE ? code_write : code_read;
}

static void
perform(const struct walk_case *c, struct walk_record *record)
{
    struct attempt a = {
        .cr0 = home_cr0 | (c->flags & PW_WP ? CR0_WP : 0),
        .cr3 = (word)WALK_TABLES_PA,
        .cr4 = home_cr4 & ~(word)CR4_PSE,
        .efer = home_efer | (c->flags & PW_NXE ? EFER_NXE : 0),
        .code = (word)choose_code(c->access),
        .ring = c->access & PW_USER ? 3 : 0,
        .address = (word)c->va,
    };
    if ((c->flags & PW_PSE) != 0)
        a.cr4 |= CR4_PSE;
    for (uint32_t l = 0; l < c->levels; l++)
        *(entry *)see(c->way[l].pa) = (entry)c->way[l].entry;

    attempt(&a);

    *record = (struct walk_record){.fault = {.cr2 = a.cr2}};
    for (uint32_t l = 0; l < c->levels; l++) {
        record->entry[l] = *(entry *)see(c->way[l].pa);
        *(entry *)see(c->way[l].pa) = 0;
    }
    const word wanted = c->access & PW_EXECUTE ? VECTOR_FETCHED : VECTOR_DONE;
    if (a.vector != wanted) {
        record->fault.vector = a.vector;
        record->fault.error_code = a.error_code;
        return;
    }
    if ((c->access & PW_WRITE) != 0)
        record->pa = find_written(c->va);
    else
        record->pa = block_address((uint32_t)a.ax);
    if ((c->access & (PW_WRITE | PW_EXECUTE)) == 0 && record->pa != UINT64_MAX)
        record->pa += WALK_BLOCK_READ;
}

void
perform_walks(uint64_t seed, uint32_t count)
{
    for (uint32_t f = 0; f < WALK_FRAMES; f++)
        fill_frame(f);
    *(entry *)see(WALK_TABLES_PA) = (entry)kernel_entry_of_root();
    for (uint32_t n = 0; n < count; n++) {
        struct walk_case c;
        walk_generate(&c, FORMAT, seed, n);
        perform(&c, report_record(n, sizeof(struct walk_record)));
    }
}
