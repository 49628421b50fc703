/* How people write C: what language.c leaves out. */
#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int module(int argument);

/* Tables of constants, of pointers and of functions. */
static const char *const names[] = {"ok", "fault", "no memory"};
static int add(int a, int b) { return a + b; }
static int take(int a, int b) { return a - b; }
static int (*const operations[])(int, int) = {add, take};
static const struct rule {
    const char *name;
    unsigned mask : 6, value : 6;
    int (*apply)(int, int);
} rules[] = {
    {.name = "first", .mask = 0x3F, .value = 1, .apply = add},
    {"second", 7, 2, take},
};

/* A list, a flexible array, a union to look at bytes. */
struct node {
    struct node *next, **link;
    size_t count;
    unsigned char bytes[];
};
union view {
    uint64_t word;
    uint8_t byte[8];
};

/* Debugging that can be switched on. */
#ifndef DEBUG
#define DEBUG 0
#endif
#define LOG(...)                                                               \
    do {                                                                       \
        if (DEBUG)                                                             \
            fprintf(stderr, "%s:%d: ", __func__, __LINE__),                    \
                fprintf(stderr, __VA_ARGS__);                                  \
    } while (0)
#define KIND(x) _Generic((x), uint32_t: 32, uint64_t: 64, default: 0)
#define LENGTH(a) (sizeof(a) / sizeof *(a))
#define FIELD(bits, low, count) ((bits) >> (low) & ((UINT64_C(1) << (count)) - 1))

extern inline int clamp(int value, int low, int high);
inline int
clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

static int
by_length(const void *left, const void *right)
{
    const char *const *a = left, *const *b = right;
    return (int)strlen(*a) - (int)strlen(*b);
}

static int
variable_array(int count)
{
    int values[count > 0 ? count : 1];
    memset(values, 0, sizeof values);
    for (int i = 0; i < count; i++)
        values[i] = i * i;
    return values[count / 2];
}

static unsigned
count_down(unsigned n)
{
    unsigned steps = 0;
    switch (n % 4) {
        do {
    case 0: steps++; /* fall through */
    case 3: steps++; /* fall through */
    case 2: steps++; /* fall through */
    case 1: steps++;
        } while (n > 4 && (n -= 4) != 0);
    }
    return steps;
}

static struct node *
push(struct node *list, const void *bytes, size_t count)
{
    struct node *const node = malloc(offsetof(struct node, bytes) + count);
    if (node == NULL)
        return list;
    *node = (struct node){.next = list, .count = count};
    memcpy(node->bytes, bytes, count);
    return node;
}

int
module(int argument)
{
    static atomic_uint calls;
    static bool ready;
    char text[64], copy[sizeof text];
    const char *sorted[LENGTH(names)];
    union view view = {.word = 0x1122334455667788};
    int result = 0;

    if (!ready) {
        ready = true;
        LOG("first call, %d\n", argument);
    }
    memcpy(sorted, names, sizeof names);
    qsort(sorted, LENGTH(sorted), sizeof *sorted, by_length);
    for (size_t i = 0; i < LENGTH(rules); i++)
        result += rules[i].apply(argument, (int)rules[i].value);
    result += operations[argument & 1](1, 2) + KIND(view.word);
    result += clamp(variable_array(argument & 7), 0, 9);
    result += (int)count_down((unsigned)argument);
    snprintf(text, sizeof text, "%s %d %#llx", sorted[0], result,
             (unsigned long long)FIELD(view.word, 8, 12));
    strncpy(copy, text, sizeof copy - 1);
    copy[sizeof copy - 1] = '\0';
    struct node *list = push(push(NULL, copy, strlen(copy) + 1),
                             &(int){argument}, sizeof argument);
    while (list != NULL) {
        struct node *const next = list->next;
        assert(list->count <= sizeof copy);
        free(list);
        list = next;
    }
    if (strcmp(text, copy) != 0)
        goto different;
    atomic_fetch_add(&calls, 1);
    return result + ((struct { int x, y; }){.y = 3}).y + view.byte[0];
different:
    puts("different");
    return -1;
}
