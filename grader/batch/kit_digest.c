#include "batch/kit_digest.h"

#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch/kept.h"
#include "die.h"
#include "text.h"

static void
add_text(SHA2_CTX *hash, char *text)
{
    SHA256Update(hash, (const uint8_t *)text, strlen(text) + 1);
    free(text);
}

static void
add_list(SHA2_CTX *hash, const struct strings *list)
{
    for (size_t i = 0; i < list->count; i++) {
        add_text(hash, xstrdup(list->item[i]));
    }
    add_text(hash, xstrdup(""));
}

static void
add_file(SHA2_CTX *hash, const char *path)
{
    char hex[SHA256_DIGEST_STRING_LENGTH];
    if (SHA256File(path, hex) == NULL) {
        die(EX_UNAVAILABLE, "cannot read %s (make all makes it):", path);
    }
    add_text(hash, xstrdup(hex));
}

static void
add_files(SHA2_CTX *hash, const struct strings *paths)
{
    for (size_t i = 0; i < paths->count; i++) {
        add_file(hash, paths->item[i]);
    }
    add_text(hash, xstrdup(""));
}

char *
kit_digest(const struct kit *kit, const struct kit_stage *stage)
{
    const struct score_rules *const rules = &kit->catalogue->score;
    char *const rubric =
        kit_path(kit, "tests/%s/rubric.yaml", stage->stage->name);
    char hex[SHA256_DIGEST_STRING_LENGTH];
    SHA2_CTX hash;
    SHA256Init(&hash);
    add_text(&hash,
             text_format("%s %s %u %u", VMLAB_VERSION, stage->stage->name,
                         stage->stage->cpu_ms, stage->stage->memory_mib));
    add_text(&hash,
             text_format("%.17g %.17g %.17g %.17g %.17g %.17g", rules->tests,
                         rules->memory, rules->bugs, rules->coverage,
                         rules->full_lines, rules->full_branches));
    add_list(&hash, &stage->allow);
    add_list(&hash, &stage->functions);
    add_list(&hash, &stage->served);
    add_file(&hash, rubric);
    add_file(&hash, stage->judge);
    add_file(&hash, stage->subject_object);
    add_file(&hash, stage->tester_object);
    add_files(&hash, &stage->rights);
    add_files(&hash, &stage->bugs);
    for (size_t i = 0; i < stage->bank->bug_count; i++) {
        add_file(&hash, stage->bank->bugs[i].patch);
    }
    if (stage->replay_object != NULL) {
        char *const cost = text_format("%s/cost", stage->folder);
        add_file(&hash, stage->replay_object);
        add_file(&hash, cost);
        free(cost);
    }
    SHA256End(&hash, hex);
    free(rubric);
    return text_format("%.*s", DIGEST_DIGITS, hex);
}
