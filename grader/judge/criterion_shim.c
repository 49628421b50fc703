/*
 * criterion_shim.c - see criterion_shim.h.  The functions below stand in for
 * those of libcriterion 2.4 that its macros call; they do what a test can see
 * of the originals and nothing more.
 */
/* The library declares these as constants to its users; here they are set. */
#define criterion_current_test  criterion_current_test_as_seen
#define criterion_current_suite criterion_current_suite_as_seen
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#undef criterion_current_test
#undef criterion_current_suite

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge/criterion_shim.h"

/* Sections of the linked test object, bounded by the linker. */
extern struct criterion_test *__start_cr_tst[] __attribute__((weak));
extern struct criterion_test *__stop_cr_tst[] __attribute__((weak));
extern struct criterion_suite *__start_cr_sts[] __attribute__((weak));
extern struct criterion_suite *__stop_cr_sts[] __attribute__((weak));

extern const struct criterion_test *criterion_current_test;
extern const struct criterion_suite *criterion_current_suite;
const struct criterion_test *criterion_current_test;
const struct criterion_suite *criterion_current_suite;
struct criterion_options criterion_options;

static struct {
    bool failed;
    char message[1024];
    char where[256];
    bool in_body;
    jmp_buf leave;
} test;

/* ---- Failures ------------------------------------------------------------ */

static void
note(const char *message, const char *file, unsigned line)
{
    char where[sizeof test.where];
    const char *const base = file != NULL ? strrchr(file, '/') : NULL;
    snprintf(where, sizeof where, "%s:%u",
             base != NULL ? base + 1
                          : (file != NULL ? file : "?"), line);
    shim_note_failure(message, where);
}

void
shim_note_failure(const char *message, const char *where)
{
    if (!test.failed) {
        test.failed = true;
        snprintf(test.message, sizeof test.message, "%s", message);
        snprintf(test.where, sizeof test.where, "%s", where);
    }
}

noreturn void
shim_fail(const char *message, const char *where)
{
    shim_note_failure(message, where);
    criterion_abort_test();
    abort();
}

void
criterion_abort_test(void)
{
    if (test.in_body) {
        longjmp(test.leave, 1);
    }
    /* A fixture has failed: there is no body to go on with. */
    longjmp(test.leave, 2);
}

void
criterion_continue_test(void)
{
}

void
criterion_test_die(const char *message, ...)
{
    shim_fail(message, "");
}

void criterion_skip_test(const char *format, ...);
void
criterion_skip_test(const char *format, ...)
{
    (void)format;
    shim_fail("the test was skipped: a skipped test counts as failed", "");
}

/* ---- Assertions of criterion/assert.h ------------------------------------ */

void cri_asserts_passed_incr(void);
void
cri_asserts_passed_incr(void)
{
}

void
criterion_send_assert(struct criterion_assert_stats *stats)
{
    if (!stats->passed) {
        note(stats->message, stats->file, stats->line);
    }
}

static const char *
first_string(va_list arguments)
{
    const char *const text = va_arg(arguments, const char *);
    return text != NULL ? text : "";
}

char *cr_translate_assert_msg(int index, ...);
char *
cr_translate_assert_msg(int index, ...)
{
    va_list arguments;
    char *text = NULL;
    va_start(arguments, index);
    if (asprintf(&text, "assertion failed: %s", first_string(arguments)) < 0) {
        text = NULL;
    }
    va_end(arguments);
    return text;
}

int
cr_vasprintf(char **to, const char *format, va_list arguments)
{
    return vasprintf(to, format, arguments);
}

int
cr_asprintf(char **to, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int bytes = vasprintf(to, format, arguments);
    va_end(arguments);
    return bytes;
}

void
cr_asprintf_free(char *text)
{
    free(text);
}

/* ---- Assertions of criterion/new/assert.h: a tree of conditions ---------- */

void
cri_assert_node_init(struct cri_assert_node *node)
{
    memset(node, 0, sizeof *node);
}

struct cri_assert_node *
cri_assert_node_add(struct cri_assert_node *tree, struct cri_assert_node *node)
{
    if ((size_t)tree->nchild + 1 >= (size_t)tree->maxchild) {
        tree->maxchild = (tree->maxchild + 4) * 2;
        tree->children = realloc(tree->children,
                                 (size_t)tree->maxchild * sizeof *node);
        if (tree->children == NULL) {
            abort();
        }
    }
    tree->children[tree->nchild] = *node;
    return &tree->children[tree->nchild++];
}

void
cri_assert_node_negate(struct cri_assert_node *tree)
{
    for (size_t i = 0; i < (size_t)tree->nchild; i++) {
        cri_assert_node_negate(&tree->children[i]);
    }
    tree->pass = !tree->pass;
}

void
cri_assert_node_term(struct cri_assert_node *tree)
{
    for (size_t i = 0; i < (size_t)tree->nchild; i++) {
        cri_assert_node_term(&tree->children[i]);
    }
    free((char *)(uintptr_t)tree->message);
    free(tree->children);
}

void
cri_assert_node_send(const char *file, size_t line,
                     struct cri_assert_node *tree)
{
    const char *message = tree->message;
    if ((message == NULL || message[0] == '\0') && tree->nchild > 0 &&
        tree->children[0].repr != NULL) {
        message = tree->children[0].repr;
    }
    note(message != NULL ? message : "assertion failed", file,
         (unsigned)line);
}

char *
cri_assert_message(const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    va_start(arguments, format);
    /* The macros put one letter in front, so that the format is never empty. */
    if (vasprintf(&text, format + 1, arguments) < 0) {
        text = NULL;
    }
    va_end(arguments);
    return text;
}

/* ---- Values of criterion/new/assert.h: strings and memory ----------------- */

int
cr_user_str_eq(char **one, char **other)
{
    return strcmp(*one, *other) == 0;
}

int
cr_user_str_lt(char **one, char **other)
{
    return strcmp(*one, *other) < 0;
}

int
cr_user_str_zero(char **text)
{
    return **text == '\0';
}

char *
cr_user_str_tostr(char **text)
{
    char *shown = NULL;
    return asprintf(&shown, "\"%s\"", *text) < 0 ? NULL : shown;
}

int
cr_user_mem_eq(const struct cr_mem *one, const struct cr_mem *other)
{
    return one->size == other->size &&
           memcmp(one->data, other->data, one->size) == 0;
}

int
cr_user_mem_lt(const struct cr_mem *one, const struct cr_mem *other)
{
    const size_t common = one->size < other->size ? one->size : other->size;
    const int order = memcmp(one->data, other->data, common);
    return order < 0 || (order == 0 && one->size < other->size);
}

char *
cr_user_mem_tostr(const struct cr_mem *memory)
{
    char *shown = NULL;
    return asprintf(&shown, "%zu bytes", memory->size) < 0 ? NULL : shown;
}

/* ---- Running ------------------------------------------------------------- */

static const struct criterion_suite *
suite_of(const struct criterion_test *of)
{
    for (struct criterion_suite **suite = __start_cr_sts;
         suite < __stop_cr_sts; suite++) {
        if (*suite != NULL && strcmp((*suite)->name, of->category) == 0) {
            return *suite;
        }
    }
    return NULL;
}

static void
call(void (*function)(void))
{
    if (function != NULL) {
        function();
    }
}

static void
call_both(void (*first)(void), void (*second)(void))
{
    if (setjmp(test.leave) == 0) {
        call(first);
        call(second);
    }
}

void
criterion_internal_test_setup(void)
{
    test.in_body = false;
    call_both(criterion_current_suite != NULL
                  ? criterion_current_suite->data->init
                  : NULL,
              criterion_current_test->data->init);
}

void
criterion_internal_test_main(void (*body)(void))
{
    if (test.failed) {
        return;
    }
    test.in_body = true;
    if (setjmp(test.leave) == 0) {
        body();
    }
    test.in_body = false;
}

void
criterion_internal_test_teardown(void)
{
    call_both(criterion_current_test->data->fini,
              criterion_current_suite != NULL
                  ? criterion_current_suite->data->fini
                  : NULL);
}

static int
by_name(const void *a, const void *b)
{
    const struct criterion_test *const x = *(struct criterion_test *const *)a;
    const struct criterion_test *const y = *(struct criterion_test *const *)b;
    const int suites = strcmp(x->category, y->category);
    return suites != 0 ? suites : strcmp(x->name, y->name);
}

/* The tests sorted by name, so that numbers mean the same in every process. */
static struct criterion_test **
tests(unsigned *count)
{
    static struct criterion_test **list;
    static unsigned listed;
    if (list == NULL) {
        const size_t room = (size_t)(__stop_cr_tst - __start_cr_tst);
        list = calloc(room + 1, sizeof *list);
        if (list == NULL) {
            abort();
        }
        for (size_t i = 0; i < room; i++) {
            if (__start_cr_tst[i] != NULL) {
                list[listed++] = __start_cr_tst[i];
            }
        }
        qsort(list, listed, sizeof *list, by_name);
    }
    *count = listed;
    return list;
}

unsigned
shim_count(void)
{
    unsigned count;
    (void)tests(&count);
    return count;
}

const char *
shim_name(unsigned number)
{
    static char name[256];
    unsigned count;
    struct criterion_test **const list = tests(&count);
    snprintf(name, sizeof name, "%s/%s",
             number < count ? list[number]->category : "?",
             number < count ? list[number]->name : "?");
    return name;
}

struct shim_outcome
shim_run(unsigned number)
{
    unsigned count;
    struct criterion_test **const list = tests(&count);
    memset(&test, 0, sizeof test);
    if (number >= count) {
        shim_note_failure("there is no such test", "");
    } else if (list[number]->data->param_ != NULL) {
        shim_note_failure("parameterized tests are not supported here: write a "
                          "loop in a Test",
                          "");
    } else if (list[number]->data->signal != 0 ||
               list[number]->data->exit_code != 0) {
        shim_note_failure(".signal and .exit_code are not supported here: a "
                          "module's crash fails the test by itself",
                          "");
    } else {
        criterion_current_test = list[number];
        criterion_current_suite = suite_of(list[number]);
        if (list[number]->data->disabled ||
            (criterion_current_suite != NULL &&
             criterion_current_suite->data->disabled)) {
            shim_note_failure("the test is disabled", "");
        } else {
            criterion_current_test->test();
        }
    }
    return (struct shim_outcome){test.failed, test.message, test.where};
}
