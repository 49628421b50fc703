/*
 * hidden_random.c - long random histories.
 *
 * The first tests look at contents alone: what was written is what is read.
 * The others hold every leaf, frame, slot and transfer against a model that
 * does what swap.h says, with arrays and loops.
 */
#include <stdio.h>
#include <string.h>

#include "property.h"
#include "swap_help.h"

/* ---- Contents ------------------------------------------------------------ */

enum { MOST_PAGES = 20 };

/* Reads and writes pages at random, most of the time a few of them, and checks
 * all bytes of each page that is read. */
static void
live(const struct world *w, unsigned pages, unsigned accesses)
{
    uint64_t value[MOST_PAGES] = {0};
    unsigned home = 0;
    for (unsigned i = 0; i < accesses; i++) {
        if (test_random_below(16) == 0)
            home = (unsigned)test_random_below(pages);
        const unsigned near = (home + (unsigned)test_random_below(3)) % pages;
        const unsigned page = test_random_below(4) == 0
                                  ? (unsigned)test_random_below(pages)
                                  : near;
        if (test_random_below(3) == 0) {
            value[page] = i + 1;
            write_page(w, page, value[page]);
        } else {
            check_page(w, page, value[page]);
        }
    }
    for (unsigned page = 0; page < pages; page++)
        check_page(w, page, value[page]);
}

Test(hidden, contents_survive_thousands_of_accesses_in_three_frames)
{
    const struct world w = new_world(3, 16, SWAP_CLOCK);
    live(&w, 12, 2000);
    end_world(&w);
}

Test(hidden, contents_survive_in_one_frame)
{
    const struct world w = new_world(1, 12, SWAP_CLOCK);
    live(&w, 6, 300);
    end_world(&w);
}

Test(hidden, contents_survive_in_many_frames)
{
    const struct world w = new_world(12, 32, SWAP_CLOCK);
    live(&w, 20, 1500);
    end_world(&w);
}

/* Pins or unpins all frames that hold a page, or one of them. */
static void
pin_some(const struct world *w, bool all, uint32_t on)
{
    const uint64_t frames = w->config->frame_count;
    const uint64_t one = test_random_below(frames);
    for (uint64_t f = 0; f < frames; f++)
        if (all || f == one)
            (void)swap_pin(w->swap, F(f), on);
}

/* An access that may fail, but then says why, and succeeds when the reason is
 * gone; all bytes are checked before those that are written. */
static void
access_in_trouble(const struct world *w, unsigned page, uint64_t *value,
                  uint64_t written)
{
    unsigned char bytes[MACH_FRAME_BYTES];
    const uint32_t access = written != 0 ? USER_WRITE : USER_READ;
    uint64_t pa = 0;
    int status =
        lab_access(w->swap, w->space, page_va(page), access, w->r, &pa);
    if (status != SWAP_OK) {
        check(status == SWAP_NO_MEMORY || status == SWAP_WRITE_ERROR ||
                  status == SWAP_READ_ERROR,
              "an access to page %u has status %d", page, status);
        pin_some(w, true, 0);
        swapdev_fail_read_at(w->mach, 0, 0);
        swapdev_fail_write_at(w->mach, 0, 0);
        check_context("page %u, once nothing stands in its way", page);
        status =
            lab_access(w->swap, w->space, page_va(page), access, w->r, &pa);
        check_status(status, SWAP_OK);
    }
    check_context("page %u", page);
    check_frame(w, pa >> MACH_FRAME_SHIFT, *value);
    if (written == 0)
        return;
    *value = written;
    page_bytes(bytes, written);
    mach_poke(w->mach, pa, bytes, sizeof bytes);
}

Test(hidden, contents_survive_pins_and_a_failing_device)
{
    enum { COUNT = 8, ACCESSES = 2000 };
    const struct world w = new_world(3, 16, SWAP_CLOCK);
    uint64_t value[COUNT] = {0};
    for (unsigned i = 0; i < ACCESSES; i++) {
        const uint64_t trouble = test_random_below(16);
        if (trouble < 3)
            pin_some(&w, trouble == 0, test_random_below(2) == 0);
        if (trouble == 3)
            swapdev_fail_read_at(w.mach, 1, test_random_below(2) == 0);
        if (trouble == 4)
            swapdev_fail_write_at(w.mach, 1, test_random_below(2) == 0);
        const unsigned page = (unsigned)test_random_below(COUNT);
        access_in_trouble(&w, page, &value[page],
                          test_random_below(3) == 0 ? i + 1 : 0);
    }
    end_world(&w);
}

/* ---- The model ----------------------------------------------------------- */

enum {
    PAGES = 7,       /* in each of two spaces, at the same addresses         */
    ALL = 2 * PAGES, /* page PAGES + n is page n of the second space         */
    FRAMES = 8,      /* at most                                              */
    SLOTS = 24,      /* at most                                              */
    NONE = -1,
};

struct model_page {
    bool present, swapped; /* neither: empty                                  */
    int frame;             /* while present                                   */
    int slot;              /* or NONE                                         */
    uint64_t bits;         /* rights, software bits, A, D                     */
    uint64_t value;        /* of its bytes                                    */
};

struct model {
    enum swap_policy policy;
    int frames, slots;
    struct model_page page[ALL];
    int owner[FRAMES]; /* page in the frame, or NONE                          */
    bool pinned[FRAMES], failed[FRAMES], referenced[FRAMES];
    unsigned count[SLOTS];
    int hand;
    int active[FRAMES], inactive[FRAMES]; /* frames, the head first           */
    int actives, inactives;
    unsigned fail_read, fail_write; /* transfers until one fails, or 0        */
    unsigned reads, writes;
};

static void
model_begin(struct model *m, enum swap_policy policy, int frames, int slots)
{
    memset(m, 0, sizeof *m);
    m->policy = policy;
    m->frames = frames;
    m->slots = slots;
    for (int f = 0; f < FRAMES; f++)
        m->owner[f] = NONE;
    for (int p = 0; p < ALL; p++)
        m->page[p].slot = NONE;
}

static int
model_free_slot(const struct model *m)
{
    for (int s = 0; s < m->slots; s++)
        if (m->count[s] == 0)
            return s;
    return NONE;
}

static bool
own_slot(const struct model *m, const struct model_page *p)
{
    return p->slot != NONE && m->count[p->slot] == 1;
}

static bool
movable(const struct model *m, int f)
{
    if (m->owner[f] == NONE || m->pinned[f] || m->failed[f])
        return false;
    const struct model_page *p = &m->page[m->owner[f]];
    return (p->bits & PW_D) == 0 || own_slot(m, p) ||
           model_free_slot(m) != NONE;
}

static uint64_t *
bits_of(struct model *m, int f)
{
    return &m->page[m->owner[f]].bits;
}

static void
to_head(int *list, int *length, int f)
{
    for (int i = (*length)++; i > 0; i--)
        list[i] = list[i - 1];
    list[0] = f;
}

static void
remove_from(int *list, int *length, int f)
{
    int kept = 0;
    for (int i = 0; i < *length; i++)
        if (list[i] != f)
            list[kept++] = list[i];
    *length = kept;
}

static int
model_lists(struct model *m)
{
    for (;;) {
        bool stuck = true;
        for (int i = 0; i < m->inactives; i++)
            stuck = stuck && !movable(m, m->inactive[i]);
        if (m->inactives < m->actives || stuck) {
            const int f = m->active[--m->actives];
            m->referenced[f] = false;
            if (movable(m, f))
                *bits_of(m, f) &= ~PW_A;
            to_head(m->inactive, &m->inactives, f);
            continue;
        }
        const int f = m->inactive[m->inactives - 1];
        if (movable(m, f) && (*bits_of(m, f) & PW_A) == 0)
            return f;
        m->inactives--;
        if (!movable(m, f)) {
            to_head(m->inactive, &m->inactives, f);
        } else if (m->referenced[f]) {
            *bits_of(m, f) &= ~PW_A;
            m->referenced[f] = false;
            to_head(m->active, &m->actives, f);
        } else {
            *bits_of(m, f) &= ~PW_A;
            m->referenced[f] = true;
            to_head(m->inactive, &m->inactives, f);
        }
    }
}

static int
model_victim(struct model *m)
{
    bool any = false;
    for (int f = 0; f < m->frames; f++)
        any = any || movable(m, f);
    if (!any)
        return NONE;
    if (m->policy == SWAP_LISTS)
        return model_lists(m);
    const int start = m->hand;
    for (int i = 0;; i++) {
        const int f = (start + i) % m->frames;
        const bool second = i / m->frames % 2 == 1;
        if (!movable(m, f))
            continue;
        uint64_t *bits = bits_of(m, f);
        const uint64_t wanted = second ? PW_D : 0;
        if (m->policy == SWAP_CLOCK ? (*bits & PW_A) == 0
                                    : (*bits & (PW_A | PW_D)) == wanted) {
            m->hand = (f + 1) % m->frames;
            return f;
        }
        if (m->policy == SWAP_CLOCK || second)
            *bits &= ~PW_A;
    }
}

static bool
fails_now(unsigned *until)
{
    return *until > 0 && --*until == 0;
}

static void
model_leave(struct model *m, int f)
{
    remove_from(m->active, &m->actives, f);
    remove_from(m->inactive, &m->inactives, f);
    m->page[m->owner[f]].present = false;
    m->owner[f] = NONE;
    m->pinned[f] = m->referenced[f] = false;
}

static int
model_evict(struct model *m, int f)
{
    if (m->owner[f] == NONE)
        return SWAP_NOT_IN_USE;
    if (m->pinned[f])
        return SWAP_PINNED;
    struct model_page *p = &m->page[m->owner[f]];
    if ((p->bits & PW_D) != 0) {
        const int slot = own_slot(m, p) ? p->slot : model_free_slot(m);
        if (slot == NONE)
            return SWAP_NO_SLOT;
        m->writes++;
        if (fails_now(&m->fail_write))
            return SWAP_WRITE_ERROR;
        if (slot != p->slot) {
            if (p->slot != NONE)
                m->count[p->slot]--;
            m->count[slot] = 1;
            p->slot = slot;
        }
    }
    p->bits = p->slot == NONE ? 0 : p->bits & ~(PW_A | PW_D);
    p->swapped = p->slot != NONE;
    model_leave(m, f);
    return SWAP_OK;
}

static int
model_free_frame(const struct model *m)
{
    for (int f = 0; f < m->frames; f++)
        if (m->owner[f] == NONE)
            return f;
    return NONE;
}

static int
model_fault(struct model *m, int page, bool write, uint32_t *kind)
{
    struct model_page *p = &m->page[page];
    if ((p->present || p->swapped) &&
        ((write && (p->bits & PW_W) == 0) || (p->bits & PW_U) == 0))
        return SWAP_RIGHTS;
    *kind = SWAP_PRESENT;
    if (p->present)
        return SWAP_OK;
    if (model_free_frame(m) == NONE) {
        int status = SWAP_NO_MEMORY;
        for (int f; (f = model_victim(m)) != NONE; m->failed[f] = true)
            if ((status = model_evict(m, f)) == SWAP_OK)
                break;
        memset(m->failed, 0, sizeof m->failed);
        if (status != SWAP_OK)
            return status;
    }
    const int f = model_free_frame(m);
    if (p->swapped) {
        m->reads++;
        if (fails_now(&m->fail_read))
            return SWAP_READ_ERROR;
        *kind = SWAP_READ;
    } else {
        p->bits = PW_W | PW_U;
        p->value = 0;
        *kind = SWAP_ZEROED;
    }
    p->present = true;
    p->swapped = false;
    p->frame = f;
    m->owner[f] = page;
    to_head(m->inactive, &m->inactives, f);
    return SWAP_OK;
}

static int
model_release(struct model *m, int page)
{
    struct model_page *p = &m->page[page];
    if (!p->present && !p->swapped)
        return SWAP_NOT_IN_USE;
    if (p->present && m->pinned[p->frame])
        return SWAP_PINNED;
    if (p->present)
        model_leave(m, p->frame);
    if (p->slot != NONE)
        m->count[p->slot]--;
    *p = (struct model_page){.slot = NONE};
    return SWAP_OK;
}

static uint64_t
model_leaf(const struct model *m, int page)
{
    const struct model_page *p = &m->page[page];
    (void)m;
    if (p->present)
        return F(p->frame) << 12 | PW_P | p->bits;
    return p->swapped ? (uint64_t)p->slot << 12 | PW_SWAPPED | p->bits : 0;
}

/* ---- Steps --------------------------------------------------------------- */

enum operation {
    READ,
    WRITE,
    VICTIM,
    EVICT,
    PIN,
    RELEASE,
    PROTECT,
    SHARE,
    TAKE_SLOT,
    FAIL_READ,
    FAIL_WRITE,
};

struct setting {
    struct world w;
    enum swap_policy policy;
    int frames, slots;
    bool errors;
};

/* number[0]: page or frame; [1]: on, rights or which transfer */
static struct property_step
generate(const void *data)
{
    const struct setting *set = data;
    static const enum operation often[] = {
        READ,    READ,  READ,      READ,   READ,      READ,      WRITE,
        WRITE,   WRITE, WRITE,     WRITE,  EVICT,     PIN,       RELEASE,
        PROTECT, SHARE, TAKE_SLOT, VICTIM, FAIL_READ, FAIL_WRITE};
    const unsigned last = sizeof often / sizeof *often - (set->errors ? 0 : 2);
    struct property_step s = {.operation = often[test_random_below(last)]};
    const bool frame = s.operation == EVICT || s.operation == PIN;
    s.number[0] = test_random_below(frame ? (uint64_t)set->frames : ALL);
    /* Pins end more often than they begin, or nothing would move. */
    s.number[1] = s.operation == PIN ? test_random_below(3) == 0
                                     : 1 + test_random_below(4);
    return s;
}

static void
show(const struct property_step *s, char *to, size_t room, const void *data)
{
    const struct setting *set = data;
    (void)set;
    const unsigned n = (unsigned)s->number[0];
    const unsigned long long va = page_va(n % PAGES);
    const char *space = n < PAGES ? "space" : "other_space";
    switch (s->operation) {
    case READ:
    case WRITE:
        snprintf(to, room, "lab_access(s, %s, 0x%llx, PW_%s | PW_USER, r, &pa)",
                 space, va, s->operation == READ ? "READ" : "WRITE");
        break;
    case VICTIM:
        snprintf(to, room, "swap_victim(s, frame)");
        break;
    case EVICT:
        snprintf(to, room, "swap_evict(s, %u)", FIRST + n);
        break;
    case PIN:
        snprintf(to, room, "swap_pin(s, %u, %u)", FIRST + n,
                 (unsigned)s->number[1]);
        break;
    case RELEASE:
        snprintf(to, room, "swap_release(s, %s, 0x%llx)", space, va);
        break;
    case PROTECT:
        snprintf(to, room, "pw_protect(%s, 0x%llx, 4096, %s), if written",
                 space, va, s->number[1] % 2 ? "PW_W | PW_U" : "PW_U");
        break;
    case SHARE:
        snprintf(to, room, "a copy of a swapped leaf at 0x%llx, and slot_get",
                 va);
        break;
    case TAKE_SLOT:
        snprintf(to, room, "slot_alloc(s, slot), or the last one put back");
        break;
    default:
        snprintf(to, room, "swapdev_fail_%s_at(mach, %u, 0)",
                 s->operation == FAIL_READ ? "read" : "write",
                 (unsigned)s->number[1]);
    }
}

/* ---- Replaying ----------------------------------------------------------- */

/* One replay. */
struct replay {
    const struct setting *set;
    struct swap *swap;
    struct space *space[2];
    struct model m;
    struct swapdev_counts began;
    int taken; /* slot of TAKE_SLOT, or NONE                                  */
    char *why;
};

static uint64_t
real_leaf(const struct replay *r, int page)
{
    return leaf_in(r->space[page / PAGES], (unsigned)(page % PAGES));
}

/* Whether bytes at `got` are those of `value`. */
static bool
holds(const unsigned char *got, uint64_t value)
{
    unsigned char want[MACH_FRAME_BYTES];
    page_bytes(want, value);
    return memcmp(got, want, sizeof want) == 0;
}

/* Whether the bytes of a page are those of the model, wherever it is. */
static bool
page_is_right(const struct replay *r, int page)
{
    unsigned char got[MACH_FRAME_BYTES];
    const struct model_page *p = &r->m.page[page];
    if (p->present)
        mach_peek(r->set->w.mach, F(p->frame) << 12, got, sizeof got);
    else if (p->swapped)
        swapdev_peek(r->set->w.mach, (uint64_t)p->slot, got);
    else
        return true;
    if (holds(got, p->value))
        return true;
    snprintf(r->why, PROPERTY_WHY, "page 0x%llx of space %d lost its bytes",
             (unsigned long long)page_va((unsigned)(page % PAGES)),
             page / PAGES);
    return false;
}

static bool
status_is(const struct replay *r, int got, int want)
{
    if (got == want)
        return true;
    snprintf(r->why, PROPERTY_WHY, "the status is %d, expected %d (swap.h)",
             got, want);
    return false;
}

/* Whether leaves and transfers are those of the model. */
static bool
leaves_are_right(const struct replay *r)
{
    for (int page = 0; page < ALL; page++) {
        const uint64_t got = real_leaf(r, page);
        const uint64_t want = model_leaf(&r->m, page);
        if (got != want) {
            snprintf(r->why, PROPERTY_WHY,
                     "the leaf of 0x%llx in space %d is 0x%llx, expected "
                     "0x%llx",
                     (unsigned long long)page_va((unsigned)(page % PAGES)),
                     page / PAGES, (unsigned long long)got,
                     (unsigned long long)want);
            return false;
        }
    }
    const struct swapdev_counts now = swapdev_counts(r->set->w.mach);
    if (now.reads - r->began.reads != r->m.reads ||
        now.writes - r->began.writes != r->m.writes) {
        snprintf(r->why, PROPERTY_WHY,
                 "reads and writes of the device: %llu and %llu, expected %u "
                 "and %u",
                 (unsigned long long)(now.reads - r->began.reads),
                 (unsigned long long)(now.writes - r->began.writes), r->m.reads,
                 r->m.writes);
        return false;
    }
    return true;
}

/* Whether the processor was told of what has changed since `old`. */
static bool
told(const struct replay *r, const uint64_t *old, uint64_t before)
{
    for (int page = 0; page < ALL; page++) {
        const uint64_t now = real_leaf(r, page);
        const bool lost = (old[page] & PW_P) != 0 &&
                          ((now & PW_P) == 0 || old[page] >> 12 != now >> 12 ||
                           (old[page] & PW_A & ~now) != 0);
        if (lost && !was_invalidated(&r->set->w, r->space[page / PAGES],
                                     (unsigned)(page % PAGES), before)) {
            snprintf(r->why, PROPERTY_WHY,
                     "0x%llx of space %d lost A or its frame, and was not "
                     "invalidated",
                     (unsigned long long)page_va((unsigned)(page % PAGES)),
                     page / PAGES);
            return false;
        }
    }
    return true;
}

static bool
slots_are_right(const struct replay *r)
{
    for (int s = 0; s < r->m.slots; s++) {
        const uint64_t got = slot_count(r->swap, (uint64_t)s);
        if (got != r->m.count[s]) {
            snprintf(r->why, PROPERTY_WHY,
                     "the count of slot %d is %llu, expected %u", s,
                     (unsigned long long)got, r->m.count[s]);
            return false;
        }
    }
    return true;
}

/* The processor's part of an access to a present page. */
static void
finish_access(struct replay *r, int page, bool write, uint64_t value)
{
    struct pw_result walk;
    struct model_page *p = &r->m.page[page];
    pw_walk(r->space[page / PAGES], page_va((unsigned)(page % PAGES)),
            write ? USER_WRITE : USER_READ, &walk);
    p->bits |= PW_A | (write ? PW_D : 0);
    if (write) {
        unsigned char bytes[MACH_FRAME_BYTES];
        p->value = value;
        page_bytes(bytes, value);
        mach_poke(r->set->w.mach, F(p->frame) << 12, bytes, sizeof bytes);
    }
}

static bool
do_access(struct replay *r, int page, bool write, uint64_t value)
{
    struct swap_result *result = r->set->w.r;
    struct model_page *p = &r->m.page[page];
    const bool was_present = p->present;
    uint32_t kind = 0;
    const int want = model_fault(&r->m, page, write, &kind);
    if (!was_present || want != SWAP_OK) {
        const int got =
            swap_fault(r->swap, r->space[page / PAGES],
                       page_va((unsigned)(page % PAGES)) + value % 4096,
                       write ? USER_WRITE : USER_READ, result);
        if (!status_is(r, got, want))
            return false;
        if (got == SWAP_OK &&
            (result->kind != kind || result->frame != F(p->frame))) {
            snprintf(r->why, PROPERTY_WHY,
                     "served as kind %u in frame %llu, expected kind %u in "
                     "frame %llu",
                     result->kind, (unsigned long long)result->frame, kind,
                     (unsigned long long)F(p->frame));
            return false;
        }
    }
    return true;
}

/* A copy of a swapped leaf of the first space, if the other page is empty. */
static bool
share(struct replay *r, int page)
{
    struct model_page *p = &r->m.page[page % PAGES];
    struct model_page *q = &r->m.page[page % PAGES + PAGES];
    if (!p->swapped || q->present || q->swapped)
        return true;
    const unsigned n = (unsigned)(page % PAGES);
    struct world other = r->set->w;
    other.space = r->space[1];
    pw_map(r->space[1], page_va(n), 0, 4096, 0);
    change_leaf(&other, n, UINT32_MAX, real_leaf(r, page % PAGES));
    *q = *p;
    r->m.count[p->slot]++;
    return status_is(r, slot_get(r->swap, (uint64_t)p->slot), SWAP_OK);
}

static bool
take_slot(struct replay *r)
{
    if (r->taken != NONE) {
        const int slot = r->taken;
        r->taken = NONE;
        r->m.count[slot]--;
        return status_is(r, slot_put(r->swap, (uint64_t)slot), SWAP_OK);
    }
    const int slot = model_free_slot(&r->m);
    *r->set->w.word = UINT64_MAX;
    if (!status_is(r, slot_alloc(r->swap, r->set->w.word),
                   slot == NONE ? SWAP_NO_SLOT : SWAP_OK))
        return false;
    if (slot == NONE)
        return true;
    r->taken = slot;
    r->m.count[slot] = 1;
    if (*r->set->w.word == (uint64_t)slot)
        return true;
    snprintf(r->why, PROPERTY_WHY, "slot_alloc gave %llu, expected %d",
             (unsigned long long)*r->set->w.word, slot);
    return false;
}

static bool
protect(struct replay *r, int page, bool writable)
{
    struct model_page *p = &r->m.page[page];
    if ((!p->present && !p->swapped) ||
        (p->slot == NONE && (p->bits & PW_D) == 0))
        return true;
    p->bits = (p->bits & ~PW_W) | PW_U | (writable ? PW_W : 0);
    pw_protect(r->space[page / PAGES], page_va((unsigned)(page % PAGES)), 4096,
               PW_U | (writable ? PW_W : 0));
    return true;
}

static bool
do_victim(struct replay *r)
{
    const int want = model_victim(&r->m);
    *r->set->w.word = UINT64_MAX;
    const int got = swap_victim(r->swap, r->set->w.word);
    if (!status_is(r, got, want == NONE ? SWAP_NO_MEMORY : SWAP_OK))
        return false;
    if (want == NONE || *r->set->w.word == F(want))
        return true;
    snprintf(r->why, PROPERTY_WHY, "the victim is frame %llu, expected %llu",
             (unsigned long long)*r->set->w.word, (unsigned long long)F(want));
    return false;
}

static bool
do_pin(struct replay *r, int frame, bool on)
{
    const bool in_use = r->m.owner[frame] != NONE;
    if (in_use)
        r->m.pinned[frame] = on;
    return status_is(r, swap_pin(r->swap, F(frame), on),
                     in_use ? SWAP_OK : SWAP_NOT_IN_USE);
}

static bool
do_step(struct replay *r, const struct property_step *s, unsigned number)
{
    const int n = (int)s->number[0];
    switch (s->operation) {
    case READ:
    case WRITE:
        return do_access(r, n, s->operation == WRITE, number + 1);
    case VICTIM:
        return do_victim(r);
    case EVICT:
        return status_is(r, swap_evict(r->swap, F(n)), model_evict(&r->m, n));
    case PIN:
        return do_pin(r, n, s->number[1] == 1);
    case RELEASE:
        return status_is(r,
                         swap_release(r->swap, r->space[n / PAGES],
                                      page_va((unsigned)(n % PAGES))),
                         model_release(&r->m, n));
    case PROTECT:
        return protect(r, n, s->number[1] % 2 == 1);
    case SHARE:
        return share(r, n);
    case TAKE_SLOT:
        return take_slot(r);
    case FAIL_READ:
        r->m.fail_read = (unsigned)s->number[1];
        swapdev_fail_read_at(r->set->w.mach, s->number[1], 0);
        return true;
    default:
        r->m.fail_write = (unsigned)s->number[1];
        swapdev_fail_write_at(r->set->w.mach, s->number[1], 0);
        return true;
    }
}

static bool
step_is_right(struct replay *r, const struct property_step *s, unsigned number)
{
    uint64_t old[ALL];
    for (int page = 0; page < ALL; page++)
        old[page] = real_leaf(r, page);
    const uint64_t before = mach_counts(r->set->w.mach).invalidations;
    if (!do_step(r, s, number) || !leaves_are_right(r) || !told(r, old, before))
        return false;
    if (s->operation <= WRITE) {
        const int page = (int)s->number[0];
        if (!page_is_right(r, page))
            return false;
        const uint64_t bits = r->m.page[page].bits;
        if (r->m.page[page].present && (bits & PW_U) != 0 &&
            (s->operation == READ || (bits & PW_W) != 0))
            finish_access(r, page, s->operation == WRITE, number + 1);
    }
    return number % 8 != 7 || slots_are_right(r);
}

static bool
replay(const struct property_step *step, unsigned count, char *why,
       unsigned *at, const void *data)
{
    const struct setting *set = data;
    struct replay r = {.set = set, .taken = NONE, .why = why};
    r.space[0] = pw_create(set->w.mach, PW_TWO_LEVEL, PW_WP);
    r.space[1] = pw_create(set->w.mach, PW_TWO_LEVEL, PW_WP);
    r.swap = swap_create(set->w.mach, set->w.config);
    r.began = swapdev_counts(set->w.mach);
    swapdev_fail_read_at(set->w.mach, 0, 0);
    swapdev_fail_write_at(set->w.mach, 0, 0);
    model_begin(&r.m, set->policy, set->frames, set->slots);
    bool well = r.swap != NULL;
    for (unsigned i = 0; well && i < count; i++) {
        property_step(i);
        *at = i;
        well = step_is_right(&r, &step[i], i);
    }
    for (int page = 0; well && page < ALL; page++)
        well = page_is_right(&r, page);
    well = well && slots_are_right(&r);
    swap_destroy(r.swap);
    pw_destroy(r.space[0]);
    pw_destroy(r.space[1]);
    return well;
}

static void
run(const char *about, enum swap_policy policy, int frames, int slots,
    bool errors, unsigned steps)
{
    struct setting set = {
        .w = new_world((uint64_t)frames, (uint64_t)slots, policy),
        .policy = policy,
        .frames = frames,
        .slots = slots,
        .errors = errors,
    };
    check_status(swap_destroy(set.w.swap), SWAP_OK);
    const struct property property = {
        .about = about,
        .steps = steps,
        .generate = generate,
        .show = show,
        .replay = replay,
        .data = &set,
        .patience = 4 * steps,
    };
    check_property(&property);
}

Test(hidden, random_histories_agree_with_a_model)
{
    run("4 frames, 20 slots", SWAP_CLOCK, 4, 20, false, 400);
}

Test(hidden, random_histories_in_two_frames_agree_with_a_model)
{
    run("2 frames, 20 slots", SWAP_CLOCK, 2, 20, false, 400);
}

Test(hidden, random_histories_with_few_slots_agree_with_a_model)
{
    run("5 frames, 3 slots", SWAP_CLOCK, 5, 3, false, 400);
}

Test(hidden, random_histories_without_a_device_agree_with_a_model)
{
    run("4 frames, no swap device", SWAP_CLOCK, 4, 0, false, 300);
}

Test(hidden, random_histories_with_device_errors_agree_with_a_model)
{
    run("4 frames, 12 slots, errors", SWAP_CLOCK, 4, 12, true, 400);
}

Test(hidden, random_histories_of_the_enhanced_clock_agree_with_a_model)
{
    run("the enhanced clock, 4 frames, 12 slots, errors", SWAP_ENHANCED, 4, 12,
        true, 400);
}

Test(hidden, random_histories_of_two_lists_agree_with_a_model)
{
    run("two lists, 6 frames, 12 slots, errors", SWAP_LISTS, 6, 12, true, 400);
}
