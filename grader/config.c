#include "config.h"

#include "die.h"

void
config_die(const struct strings *errors)
{
    for (size_t i = 0; i < errors->count; i++) {
        warn_user("%s", errors->item[i]);
    }
    die(EX_CONFIG, "%zu problem%s in the files of the kit; correct %s first",
        errors->count, errors->count == 1 ? "" : "s",
        errors->count == 1 ? "it" : "them");
}
