#include "batch/sheet.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "die.h"

enum { FILE_BYTES = 16 << 20 };
static const char byte_order_mark[] = "\xEF\xBB\xBF";

/* ---- Reading ------------------------------------------------------------- */

static void
add_row(struct sheet *file)
{
    file->rows =
        xrealloc(file->rows, (file->row_count + 1) * sizeof *file->rows);
    file->rows[file->row_count++] = (struct strings){0};
}

struct reading {
    struct sheet *file;
    bool in_row;
};

static void
take_cell(void *bytes, size_t length, void *context)
{
    struct reading *const reading = context;
    if (!reading->in_row) {
        add_row(reading->file);
        reading->in_row = true;
    }
    strings_addf(&reading->file->rows[reading->file->row_count - 1], "%.*s",
                 (int)length, length > 0 ? (const char *)bytes : "");
}

static void
end_row(int character, void *context)
{
    (void)character;
    ((struct reading *)context)->in_row = false;
}

/* Blanks are part of a cell: Canvas means its "    Points Possible". */
static int
no_blank(unsigned char character)
{
    (void)character;
    return 0;
}

/* The one that stands in the header most often. */
static char
find_delimiter(const char *text)
{
    static const char delimiters[] = ",;\t";
    const size_t line = strcspn(text, "\r\n");
    char best = ',';
    size_t most = 0;
    for (size_t i = 0; i < sizeof delimiters - 1; i++) {
        size_t count = 0;
        for (size_t at = 0; at < line; at++) {
            count += text[at] == delimiters[i];
        }
        if (count > most) {
            most = count;
            best = delimiters[i];
        }
    }
    return best;
}

struct sheet *
sheet_read(const char *path)
{
    struct sheet *const file = xcalloc(1, sizeof *file);
    struct reading reading = {.file = file};
    struct csv_parser parser;
    size_t length;
    char *const text = text_read_file(path, FILE_BYTES, &length);
    if (text == NULL) {
        die(EX_NOINPUT, "cannot read %s:", path);
    }
    const size_t mark = sizeof byte_order_mark - 1;
    file->mark = strncmp(text, byte_order_mark, mark) == 0;
    const char *const table = file->mark ? text + mark : text;
    file->delimiter = find_delimiter(table);
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        die(EX_OSERR, "out of memory");
    }
    csv_set_delim(&parser, (unsigned char)file->delimiter);
    csv_set_space_func(&parser, no_blank);
    length -= (size_t)(table - text);
    if (csv_parse(&parser, table, length, take_cell, end_row, &reading) !=
            length ||
        csv_fini(&parser, take_cell, end_row, &reading) != 0) {
        die(EX_DATAERR, "%s: row %zu: %s; save it as CSV again", path,
            file->row_count + (reading.in_row ? 0 : 1),
            csv_strerror(csv_error(&parser)));
    }
    if (file->row_count == 0) {
        die(EX_DATAERR, "%s holds no table", path);
    }
    csv_free(&parser);
    free(text);
    return file;
}

void
sheet_free(struct sheet *file)
{
    for (size_t i = 0; i < file->row_count; i++) {
        strings_free(&file->rows[i]);
    }
    free(file->rows);
    free(file);
}

/* ---- Cells --------------------------------------------------------------- */

int
sheet_column(const struct sheet *file, const char *name)
{
    for (size_t i = 0; i < file->rows[0].count; i++) {
        if (strcasecmp(file->rows[0].item[i], name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

const char *
sheet_cell(const struct sheet *file, size_t row, int column)
{
    const struct strings *const cells = &file->rows[row];
    return column >= 0 && (size_t)column < cells->count ? cells->item[column]
                                                        : "";
}

void
sheet_set(struct sheet *file, size_t row, int column, const char *text)
{
    struct strings *const cells = &file->rows[row];
    while (cells->count <= (size_t)column) {
        strings_add(cells, "");
    }
    free(cells->item[column]);
    cells->item[column] = xstrdup(text);
}

/* ---- Writing ------------------------------------------------------------- */

void
sheet_write_cell(FILE *out, const char *text, char delimiter)
{
    const char special[] = {delimiter, '"', '\r', '\n', '\0'};
    if (strpbrk(text, special) != NULL || text[0] == ' ') {
        csv_fwrite(out, text, strlen(text));
    } else {
        fputs(text, out);
    }
}

void
sheet_write_text(FILE *out, const char *text, char delimiter)
{
    if (text[0] == '\0' || strchr("=+-@\t\r", text[0]) == NULL) {
        sheet_write_cell(out, text, delimiter);
        return;
    }
    char *const harmless = text_format("'%s", text);
    sheet_write_cell(out, harmless, delimiter);
    free(harmless);
}

void
sheet_write(FILE *out, const struct sheet *file)
{
    fputs(file->mark ? byte_order_mark : "", out);
    for (size_t i = 0; i < file->row_count; i++) {
        for (size_t j = 0; j < file->rows[i].count; j++) {
            if (j > 0) {
                fputc(file->delimiter, out);
            }
            sheet_write_cell(out, file->rows[i].item[j], file->delimiter);
        }
        fputs("\r\n", out);
    }
}
