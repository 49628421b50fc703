/* help.c - what the judge of the toy serves beside the machine. */
#include "toy/toy.h"

#include <stdlib.h>

struct toy_thing {
    uint64_t value;
};

int
toy_double(const struct toy_pair *pair, struct toy_pair *doubled)
{
    if (pair == NULL || doubled == NULL)
        return TOY_BAD;
    *doubled = (struct toy_pair){2 * pair->a, 2 * pair->b};
    return TOY_OK;
}

struct toy_thing *
toy_thing_make(uint64_t value)
{
    struct toy_thing *const thing = malloc(sizeof *thing);
    if (thing != NULL)
        thing->value = value;
    return thing;
}

uint64_t
toy_thing_value(struct toy_thing *thing)
{
    return thing->value;
}

int
toy_thing_destroy(struct toy_thing *thing)
{
    free(thing);
    return TOY_OK;
}
