#include "commands/checks.h"

#include <stdlib.h>

#include "die.h"
#include "sandbox/sandbox.h"

struct catalogue *
open_catalogue(void)
{
    char *const root = kit_find_root();
    char *const path = text_format("%s/grader/catalogue.yaml", root);
    struct catalogue *const catalogue = catalogue_load(path);
    free(root);
    free(path);
    return catalogue;
}

void
check_stages(const struct catalogue *catalogue, const struct strings *stages)
{
    for (size_t i = 0; i < stages->count; i++) {
        if (catalogue_stage(catalogue, stages->item[i]) == NULL) {
            die(EX_USAGE, "there is no stage '%s' in grader/catalogue.yaml",
                stages->item[i]);
        }
    }
}

void
check_sandbox(const struct kit *kit, bool allow_weak)
{
    struct strings missing = {0}, limits = {0};
    sandbox_make_room(&limits);
    for (size_t i = 0; i < limits.count; i++) {
        warn_user("this program was started with a limit of %s",
                  limits.item[i]);
    }
    if (limits.count > 0) {
        die(EX_UNAVAILABLE, "submissions would fail for want of it: start it "
                            "without that limit");
    }
    char *const hidden = kit_path(kit, "solutions");
    char *const tests = kit_path(kit, "tests");
    sandbox_missing((const char *const[]){hidden, tests, NULL}, &missing);
    for (size_t i = 0; i < missing.count; i++) {
        warn_user("weak sandbox: a submission could %s", missing.item[i]);
    }
    if (missing.count > 0 && !allow_weak) {
        die(EX_UNAVAILABLE,
            "this machine cannot keep submissions from that; run as root, in "
            "the Docker image, or with --allow-weak-sandbox");
    }
    strings_free(&missing);
    strings_free(&limits);
    free(hidden);
    free(tests);
}
