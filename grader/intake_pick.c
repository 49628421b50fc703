#define _POSIX_C_SOURCE 200809L

#include "intake_pick.h"

#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text.h"

/* Bytes of a path that are shown, and of a sentence from the other process. */
#define SHOWN_BYTES    160u
#define SENTENCE_BYTES 1024u

void
pick_begin(struct pick *pick, const char *const *accepted, size_t count)
{
    *pick = (struct pick){.accepted = accepted, .count = count};
    pick->candidates = xcalloc(count, sizeof *pick->candidates);
}

static void
candidate_clear(struct candidate *candidate)
{
    free(candidate->path);
    free(candidate->rival);
    free(candidate->bytes);
    *candidate = (struct candidate){.state = PICK_ABSENT};
}

void
pick_end(struct pick *pick)
{
    for (size_t i = 0; i < pick->count; i++)
        candidate_clear(&pick->candidates[i]);
    free(pick->candidates);
    for (size_t i = 0; i < pick->line_count; i++) {
        free(pick->lines[i].path);
        free(pick->lines[i].why);
    }
    free(pick->refusal);
    *pick = (struct pick){0};
}

/* ---- Which one counts ---------------------------------------------------- */

long
pick_index(const struct pick *pick, const char *base)
{
    for (size_t i = 0; i < pick->count; i++)
        if (strcmp(pick->accepted[i], base) == 0)
            return (long)i;
    return -1;
}

static void
ignore_deeper(struct pick *pick, const char *path)
{
    pick_ignore(pick, path, "a file of this name lies higher up and is taken");
}

bool
pick_offer(struct pick *pick, size_t which, const char *path, unsigned depth)
{
    struct candidate *candidate = &pick->candidates[which];

    if (candidate->state != PICK_ABSENT && depth > candidate->depth) {
        ignore_deeper(pick, path);
        return false;
    }
    if (candidate->state != PICK_ABSENT && depth == candidate->depth) {
        /* One rival is named; a third changes nothing. */
        if (candidate->rival == NULL)
            candidate->rival = xstrdup(path);
        return false;
    }
    if (candidate->state != PICK_ABSENT) {
        ignore_deeper(pick, candidate->path);
        if (candidate->rival != NULL)
            ignore_deeper(pick, candidate->rival);
        candidate_clear(candidate);
    }
    candidate->state = PICK_OPEN;
    candidate->path = xstrdup(path);
    candidate->depth = depth;
    return true;
}

void
pick_give(struct pick *pick, size_t which, unsigned char *bytes, size_t length)
{
    struct candidate *candidate = &pick->candidates[which];

    assert(candidate->state == PICK_OPEN && length <= INTAKE_FILE_BYTES);
    candidate->state = PICK_TAKEN;
    candidate->bytes = bytes;
    candidate->length = length;
}

void
pick_spoil(struct pick *pick, size_t which, enum pick_state state)
{
    assert(pick->candidates[which].state == PICK_OPEN);
    assert(state == PICK_TOO_LARGE || state == PICK_UNREADABLE);
    pick->candidates[which].state = state;
}

void
pick_refuse(struct pick *pick, const char *format, ...)
{
    va_list arguments;

    if (pick->refusal != NULL)
        return;
    va_start(arguments, format);
    pick->refusal = text_vformat(format, arguments);
    va_end(arguments);
}

/* ---- What is left out, and why ------------------------------------------- */

/* Lines are few, so that a submission of thousands of files stays readable.
 * What is news has its own share: headers and Makefiles cannot crowd it out. */
static void
add_line(struct pick *pick, const char *path, const char *why, bool notable)
{
    size_t plain_count = pick->line_count - pick->notable_count;

    if (notable ? pick->notable_count == INTAKE_NOTABLE_LINES
                : plain_count == INTAKE_PLAIN_LINES) {
        pick->unlisted++;
        return;
    }
    pick->lines[pick->line_count++] =
        (struct pick_line){xstrdup(path), xstrdup(why), notable};
    pick->notable_count += notable;
}

void
pick_ignore(struct pick *pick, const char *path, const char *why)
{
    add_line(pick, path, why, true);
}

void
pick_ignore_quiet(struct pick *pick, const char *path, const char *why)
{
    for (size_t i = 0; i < pick->line_count; i++)
        if (strcmp(pick->lines[i].why, why) == 0)
            return;
    add_line(pick, path, why, true);
}

const char *
pick_quiet(const char *component)
{
    static const char version_control[] = "version control is not graded",
                      build[] = "what a build leaves is not graded",
                      editor[] = "settings of an editor are not graded",
                      desktop[] = "files that the operating system adds are "
                                  "not graded";
    static const struct {
        const char *name, *why;
    } quiet[] = {
        {".git", version_control},
        {".svn", version_control},
        {".hg", version_control},
        {"build", build},
        {"_build", build},
        {"cmake-build-debug", build},
        {"cmake-build-release", build},
        {".cache", build},
        {"node_modules", build},
        {"__pycache__", build},
        {".idea", editor},
        {".vscode", editor},
        {".vs", editor},
        {"__MACOSX", desktop},
        {".DS_Store", desktop},
        {"Thumbs.db", desktop},
        {"desktop.ini", desktop},
    };

    for (size_t i = 0; i < sizeof quiet / sizeof quiet[0]; i++)
        if (strcmp(quiet[i].name, component) == 0)
            return quiet[i].why;
    if (strncmp(component, "._", 2) == 0)
        return desktop;
    return NULL;
}

static bool
ends_with(const char *name, const char *ending)
{
    size_t length = strlen(name), tail = strlen(ending);

    return length > tail && strcasecmp(name + length - tail, ending) == 0;
}

/* Whether what `base` has behind the stem of an accepted name is what browsers,
 * desktops and learning platforms add when a name is taken already, as in
 * "segment (1).c", "segment-2.c", "segment - Copy.c", "segment.c.txt". */
static bool
is_decoration(const char *rest)
{
    static const char *const words[] = {"copy", "final", "new"};

    while (*rest != '\0' && strcasecmp(rest, ".c") != 0 &&
           strcasecmp(rest, ".c.txt") != 0) {
        size_t step =
            isdigit((unsigned char)*rest) || strchr(" ()-_", *rest) != NULL;

        for (size_t i = 0; step == 0 && i < sizeof words / sizeof words[0]; i++)
            if (strncasecmp(rest, words[i], strlen(words[i])) == 0)
                step = strlen(words[i]);
        if (step == 0)
            return false;
        rest += step;
    }
    return *rest != '\0';
}

/* The accepted name that `base` was probably meant to be, or NULL.  The longest
 * stem decides: segment_test (1).c is not about segment.c. */
static const char *
meant(const struct pick *pick, const char *base)
{
    const char *best = NULL;
    size_t best_length = 0;

    for (size_t i = 0; i < pick->count; i++) {
        size_t stem = strlen(pick->accepted[i]);

        if (strcasecmp(pick->accepted[i], base) == 0)
            return pick->accepted[i];
        if (!ends_with(pick->accepted[i], ".c"))
            continue;
        stem -= 2;
        if (stem > best_length &&
            strncasecmp(pick->accepted[i], base, stem) == 0 &&
            is_decoration(base + stem)) {
            best = pick->accepted[i];
            best_length = stem;
        }
    }
    return best;
}

void
pick_ignore_name(struct pick *pick, const char *path)
{
    static const char *const archives[] = {
        ".zip", ".tar", ".gz", ".tgz", ".xz", ".zst", ".bz2", ".rar", ".7z"};
    const char *slash = strrchr(path, '/');
    const char *base = slash == NULL ? path : slash + 1;
    const char *guess = meant(pick, base);

    if (guess != NULL) {
        char *why =
            text_format("did you mean %s? Names must match exactly", guess);
        pick_ignore(pick, path, why);
        free(why);
        return;
    }
    for (size_t i = 0; i < sizeof archives / sizeof archives[0]; i++) {
        if (ends_with(base, archives[i])) {
            pick_ignore(pick, path,
                        "archives inside a submission are not opened: hand in "
                        "the files themselves");
            return;
        }
    }
    add_line(pick, path, "not one of the files that are graded", false);
}

/* ---- Packed, and unpacked with suspicion --------------------------------- */

struct buffer {
    unsigned char *bytes;
    size_t length, room;
};

static void
put(struct buffer *buffer, const void *bytes, size_t length)
{
    if (length > buffer->room - buffer->length) {
        buffer->room = 2 * buffer->room + length;
        buffer->bytes = xrealloc(buffer->bytes, buffer->room);
    }
    if (length > 0)
        memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
}

/* Both ends are one machine and one program, so numbers go as they are. */
static void
put_number(struct buffer *buffer, uint32_t number)
{
    put(buffer, &number, sizeof number);
}

static void
put_block(struct buffer *buffer, const void *bytes, size_t length)
{
    put_number(buffer, (uint32_t)length);
    put(buffer, bytes, length);
}

/* An absent text goes as an empty one; no text that is sent is empty. */
static void
put_text(struct buffer *buffer, const char *text, size_t limit)
{
    size_t length = text == NULL ? 0 : strlen(text);

    put_block(buffer, text, length < limit ? length : limit);
}

unsigned char *
pick_pack(const struct pick *pick, size_t *length)
{
    struct buffer buffer = {0};

    put_text(&buffer, pick->refusal, SENTENCE_BYTES);
    for (size_t i = 0; i < pick->count; i++) {
        const struct candidate *candidate = &pick->candidates[i];

        put_number(&buffer, (uint32_t)candidate->state);
        put_number(&buffer, candidate->depth);
        put_text(&buffer, candidate->path, INTAKE_PATH_BYTES);
        put_text(&buffer, candidate->rival, INTAKE_PATH_BYTES);
        put_block(&buffer, candidate->bytes, candidate->length);
    }
    put_number(&buffer, (uint32_t)pick->unlisted);
    put_number(&buffer, (uint32_t)pick->line_count);
    for (size_t i = 0; i < pick->line_count; i++) {
        put_number(&buffer, pick->lines[i].notable);
        put_text(&buffer, pick->lines[i].path, INTAKE_PATH_BYTES);
        put_text(&buffer, pick->lines[i].why, SENTENCE_BYTES);
    }
    *length = buffer.length;
    return buffer.bytes;
}

size_t
pick_packed_limit(size_t count)
{
    const size_t number = sizeof(uint32_t);
    const size_t candidate =
        5 * number + 2 * INTAKE_PATH_BYTES + INTAKE_FILE_BYTES;
    const size_t line = 3 * number + INTAKE_PATH_BYTES + SENTENCE_BYTES;

    return 3 * number + SENTENCE_BYTES + count * candidate +
           (INTAKE_NOTABLE_LINES + INTAKE_PLAIN_LINES) * line;
}

struct reader {
    const unsigned char *at;
    size_t left;
    bool good; /* false from the first thing on that cannot be right */
};

static uint32_t
get_number(struct reader *reader, uint32_t most)
{
    uint32_t number;

    if (reader->left < sizeof number) {
        reader->good = false;
        return 0;
    }
    memcpy(&number, reader->at, sizeof number);
    reader->at += sizeof number;
    reader->left -= sizeof number;
    if (number > most) {
        reader->good = false;
        return 0;
    }
    return number;
}

/* A copy with a NUL behind it. */
static unsigned char *
get_block(struct reader *reader, size_t most, size_t *length)
{
    unsigned char *copy;

    *length = get_number(reader, (uint32_t)most);
    if (*length > reader->left) {
        reader->good = false;
        *length = 0;
    }
    copy = xmalloc(*length + 1);
    memcpy(copy, reader->at, *length);
    copy[*length] = '\0';
    reader->at += *length;
    reader->left -= *length;
    return copy;
}

static char *
get_text(struct reader *reader, size_t most)
{
    size_t length;
    char *text = (char *)get_block(reader, most, &length);

    if (strlen(text) != length)
        reader->good = false;
    if (length == 0) {
        free(text);
        return NULL;
    }
    return text;
}

static void
get_candidate(struct reader *reader, struct candidate *candidate, bool refused)
{
    candidate->state =
        (enum pick_state)get_number(reader, (uint32_t)PICK_UNREADABLE);
    candidate->depth = get_number(reader, INTAKE_DEPTH);
    candidate->path = get_text(reader, INTAKE_PATH_BYTES);
    candidate->rival = get_text(reader, INTAKE_PATH_BYTES);
    candidate->bytes = get_block(reader, INTAKE_FILE_BYTES, &candidate->length);
    if ((candidate->state == PICK_ABSENT) != (candidate->path == NULL))
        reader->good = false;
    if (candidate->state == PICK_ABSENT && candidate->rival != NULL)
        reader->good = false;
    if (candidate->state != PICK_TAKEN && candidate->length != 0)
        reader->good = false;
    /* Left open only where a refusal broke off the reading. */
    if (candidate->state == PICK_OPEN && !refused)
        reader->good = false;
}

bool
pick_unpack(struct pick *pick, const unsigned char *bytes, size_t length)
{
    struct reader reader = {bytes, length, true};
    const char *const *accepted = pick->accepted;
    size_t count = pick->count, lines;

    pick_end(pick);
    pick_begin(pick, accepted, count);
    pick->refusal = get_text(&reader, SENTENCE_BYTES);
    for (size_t i = 0; i < count && reader.good; i++)
        get_candidate(&reader, &pick->candidates[i], pick->refusal != NULL);
    pick->unlisted = get_number(&reader, INTAKE_ENTRIES);
    lines = get_number(&reader, INTAKE_NOTABLE_LINES + INTAKE_PLAIN_LINES);
    for (size_t i = 0; i < lines && reader.good; i++) {
        struct pick_line line;

        line.notable = get_number(&reader, 1) == 1;
        line.path = get_text(&reader, INTAKE_PATH_BYTES);
        line.why = get_text(&reader, SENTENCE_BYTES);
        if (line.path == NULL || line.why == NULL) {
            reader.good = false;
            free(line.path);
            free(line.why);
            break;
        }
        pick->lines[pick->line_count++] = line;
        pick->notable_count += line.notable;
    }
    if (reader.good && reader.left == 0)
        return true;
    pick_end(pick);
    pick_begin(pick, accepted, count);
    return false;
}

/* ---- The outcome --------------------------------------------------------- */

char *
pick_shown(const char *path)
{
    char *shown = text_clean(path, strlen(path), SHOWN_BYTES);

    for (char *at = shown; *at != '\0'; at++)
        if (*at == '\n' || *at == '\t')
            *at = '?';
    return shown;
}

static void
add_trouble(char **trouble, char *line)
{
    if (*trouble == NULL) {
        *trouble = line;
    } else {
        char *joined = text_format("%s\n%s", *trouble, line);

        free(*trouble);
        free(line);
        *trouble = joined;
    }
}

/* Nothing was found: the names that would have been taken. */
static char *
nothing_found(const struct pick *pick)
{
    char *list = xstrdup(""), *line;

    for (size_t i = 0; i < pick->count; i++) {
        char *longer =
            text_format("%s%s%s", list, i > 0 ? ", " : "", pick->accepted[i]);
        free(list);
        list = longer;
    }
    line = text_format("None of the files to hand in was found. Hand in one or "
                       "more of these, named exactly so: %s.",
                       list);
    free(list);
    return line;
}

char *
pick_trouble(const struct pick *pick)
{
    char *trouble = NULL;
    bool any = false;

    if (pick->refusal != NULL)
        return text_clean(pick->refusal, strlen(pick->refusal), SENTENCE_BYTES);
    for (size_t i = 0; i < pick->count; i++) {
        const struct candidate *candidate = &pick->candidates[i];
        const char *name = pick->accepted[i];
        char *path, *rival;

        if (candidate->state == PICK_ABSENT)
            continue;
        any = true;
        path = pick_shown(candidate->path);
        if (candidate->rival != NULL) {
            rival = pick_shown(candidate->rival);
            add_trouble(&trouble,
                        text_format("%s is there twice, as %s and as %s: leave "
                                    "only the one that counts.",
                                    name, path, rival));
            free(rival);
        } else if (candidate->state == PICK_TOO_LARGE) {
            add_trouble(&trouble,
                        text_format("%s is larger than %u KiB: hand in the C "
                                    "file that you wrote, nothing else under "
                                    "this name.",
                                    path, INTAKE_FILE_BYTES >> 10));
        } else if (candidate->state == PICK_UNREADABLE) {
            add_trouble(&trouble,
                        text_format("%s cannot be read for lack of permission: "
                                    "make it readable (chmod a+r) and hand it "
                                    "in again.",
                                    path));
        }
        free(path);
    }
    if (!any)
        add_trouble(&trouble, nothing_found(pick));
    return trouble;
}
