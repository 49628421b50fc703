#include "report_files.h"

#include <stdio.h>
#include <stdlib.h>

#include "terminal.h"
#include "text.h"

enum { COLUMNS = 80 };

static int
write_report(const struct result *result, const struct report_options *options,
             const char *folder, const char *name)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *const out = open_memstream(&text, &bytes);
    if (out == NULL) {
        return -1;
    }
    terminal_report(out, result, options);
    char *const path = text_format("%s/%s.txt", folder, name);
    const int status =
        fclose(out) == 0 ? text_write_file(path, text, bytes) : -1;
    free(path);
    free(text);
    return status;
}

/* Each report is that of a record cut down to what the file is about. */
int
report_files_write(const struct result *result,
                   const struct report_options *shown, const char *folder)
{
    struct report_options options = *shown;
    options.colour = false;
    options.width = COLUMNS;
    struct result part = *result;
    part.stage_count = 0;
    int status = write_report(&part, &options, folder, "submission");
    part.intake_trouble = NULL;
    part.ignored_count = 0;
    part.stage_count = 1;
    for (size_t i = 0; i < result->stage_count && status == 0; i++) {
        const struct stage_result *const stage = &result->stages[i];
        if (stage->status != STAGE_NOT_SUBMITTED || stage->own_test_count > 0) {
            part.stages = &result->stages[i];
            status = write_report(&part, &options, folder, stage->stage->name);
        }
    }
    return status;
}
