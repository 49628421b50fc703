/*
 * json.h - the canonical record of a submission, `vmlab.result/1`.
 *
 * Everything that leaves this program for another one is this document; its
 * schema is grader/schema/result-1.schema.json.  What is not known, or not to
 * be seen (report.h, enum visibility), is left out of it; that more exists is
 * said under "hidden" in each stage.  Seeds are strings, because they need all
 * 64 bits and many readers keep 53.
 */
#ifndef VMLAB_JSON_H
#define VMLAB_JSON_H

#include "report.h"
#include "result.h"

/* The document as text, to be freed. */
char *result_to_json(const struct result *result,
                     const struct report_options *options);

/* Writes it whole or not at all.  0, or -1 with errno set. */
int result_write_json(const struct result *result,
                      const struct report_options *options, const char *path);

#endif
