/* Memory: everything that malloc and string.h offer, and what the compiler
 * makes of loops. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int module(size_t count);

struct node {
    struct node *next;
    uint64_t key;
    unsigned char page[4096];
};

static struct node *first;

int
module(size_t count)
{
    char *zeroed = malloc(count);
    if (!zeroed)
        return -1;
    memset(zeroed, 0, count);
    for (size_t i = 0; i < count; i++)
        zeroed[i] = 0;
    size_t length = 0;
    while (zeroed[length])
        length++;
    struct node *node = calloc(1, sizeof *node);
    struct node copy;
    if (!node)
        return -1;
    copy = *node;
    copy.key++;
    *node = copy;
    node->next = first;
    first = node;
    memmove(node->page, node->page + 8, sizeof node->page - 8);
    zeroed = realloc(zeroed, 2 * count);
    const int same = memcmp(node->page, copy.page, sizeof node->page);
    free(zeroed);
    return same + (int)length;
}
