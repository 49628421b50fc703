#include "tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static const char *const heads[TALLY_ENDS] = {
    "not submitted", "does not compile", "refused", "ungraded",
    "no point",      "some points",      "WRONG",
};

static enum tally_end
end_of(bool good, const char *status, double points)
{
    for (int end = 0; good && end <= END_UNGRADED; end++) {
        if (strcmp(status, heads[end]) == 0) {
            return (enum tally_end)end;
        }
    }
    if (!good || strcmp(status, "graded") != 0) {
        return END_WRONG;
    }
    return points > 0 ? END_POINTS : END_NO_POINT;
}

void
tally_add(struct tally *tally, const char *family, bool good,
          const char *status, double points)
{
    if (tally->count == 0 ||
        strcmp(tally->families[tally->count - 1].name, family) != 0) {
        tally->families = xrealloc(
            tally->families, (tally->count + 1) * sizeof *tally->families);
        tally->families[tally->count++] = (struct tally_family){.name = family};
    }
    tally->families[tally->count - 1].ends[end_of(good, status, points)]++;
}

static void
print_row(const char *name, const unsigned *ends)
{
    unsigned all = 0;
    for (int end = 0; end < TALLY_ENDS; end++) {
        all += ends[end];
    }
    printf("| %-37s | %7u |", name, all);
    for (int end = 0; end < TALLY_ENDS; end++) {
        const int width = (int)strlen(heads[end]);
        if (ends[end] > 0) {
            printf(" %*u |", width, ends[end]);
        } else {
            printf(" %*s |", width, "");
        }
    }
    putchar('\n');
}

void
tally_print(const struct tally *tally)
{
    unsigned sums[TALLY_ENDS] = {0};
    printf("| %-37s | attacks |", "family");
    for (int end = 0; end < TALLY_ENDS; end++) {
        printf(" %s |", heads[end]);
    }
    printf("\n|---|--:|");
    for (int end = 0; end < TALLY_ENDS; end++) {
        printf("--:|");
    }
    putchar('\n');
    for (size_t i = 0; i < tally->count; i++) {
        print_row(tally->families[i].name, tally->families[i].ends);
        for (int end = 0; end < TALLY_ENDS; end++) {
            sums[end] += tally->families[i].ends[end];
        }
    }
    print_row("all", sums);
}

void
tally_free(struct tally *tally)
{
    free(tally->families);
    *tally = (struct tally){0};
}
