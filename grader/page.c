#include "page.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "text.h"
#include "utf8.h"

enum { NARROWEST = 80, WIDEST = 100, TAB = 8 };

bool
page_wants_colour(FILE *out)
{
    const char *no_colour = getenv("NO_COLOR");
    return isatty(fileno(out)) && (no_colour == NULL || *no_colour == '\0');
}

unsigned
page_width(FILE *out)
{
    struct winsize size;
    if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col < NARROWEST) {
        return NARROWEST;
    }
    return size.ws_col > WIDEST ? WIDEST : size.ws_col;
}

/* ---- Pieces -------------------------------------------------------------- */

/* The first `bytes` bytes of the text, in a style. */
static void
put(const struct page *page, enum style style, const char *text, size_t bytes)
{
    static const char *const codes[] = {
        [STYLE_PLAIN] = "",        [STYLE_STRONG] = "\033[1m",
        [STYLE_FAINT] = "\033[2m", [STYLE_GOOD] = "\033[32m",
        [STYLE_BAD] = "\033[31m",  [STYLE_WARN] = "\033[33m",
    };
    const bool coloured = page->colour && style != STYLE_PLAIN && bytes > 0;
    if (coloured) {
        fputs(codes[style], page->out);
    }
    fwrite(text, 1, bytes, page->out);
    if (coloured) {
        fputs("\033[0m", page->out);
    }
}

void
page_text(const struct page *page, enum style style, const char *text)
{
    put(page, style, text, strlen(text));
}

void
page_spaces(const struct page *page, unsigned columns)
{
    fprintf(page->out, "%*s", (int)columns, "");
}

void
page_newline(const struct page *page)
{
    fputc('\n', page->out);
}

void
page_rule(const struct page *page)
{
    for (unsigned i = 0; i < page->width; i++) {
        fputs("\u2500", page->out);
    }
    page_newline(page);
}

/* Newlines and tabs, the only controls in cleaned text, become spaces. */
static void
spaces_for_controls(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n' || *text == '\t') {
            *text = ' ';
        }
    }
}

void
page_field(const struct page *page, enum style style, const char *text,
           unsigned columns, enum side side)
{
    const bool cut = utf8_columns(text) > columns;
    const size_t bytes =
        cut ? utf8_fit(text, columns > 0 ? columns - 1 : 0) : strlen(text);
    char *shown = text_format("%.*s%s", (int)bytes, text,
                              cut && columns > 0 ? "\u2026" : "");
    spaces_for_controls(shown);
    const unsigned used = utf8_columns(shown);
    const unsigned padding = columns > used ? columns - used : 0;

    page_spaces(page, side == SIDE_RIGHT ? padding : 0);
    page_text(page, style, shown);
    page_spaces(page, side == SIDE_LEFT ? padding : 0);
    free(shown);
}

/* ---- Paragraphs ---------------------------------------------------------- */

/* How much of one line of text fits into `columns`: up to a space if there is
 * one, otherwise as many characters as fit, and at least one. */
static size_t
break_at(const char *line, unsigned columns)
{
    const size_t length = strlen(line);
    const size_t fits = utf8_fit(line, columns);
    if (fits == length) {
        return length;
    }
    for (size_t at = fits; at > 0; at--) {
        if (line[at] == ' ') {
            return at;
        }
    }
    uint32_t character;
    return fits > 0 ? fits : utf8_decode(line, length, &character);
}

/* One line of text over as many lines of the page as it needs. */
static void
wrap_line(const struct page *page, enum style style, const char *line,
          unsigned at, unsigned indent)
{
    for (;;) {
        const unsigned room = page->width > at ? page->width - at : 1;
        const size_t bytes = break_at(line, room);
        put(page, style, line, bytes);
        page_newline(page);
        line += bytes;
        line += strspn(line, " ");
        if (*line == '\0') {
            return;
        }
        page_spaces(page, indent);
        at = indent;
    }
}

/* Calls `show` for each line of the text. */
static void
each_line(const char *text, void (*show)(char *line, void *context),
          void *context)
{
    char *copy = xstrdup(text);
    size_t length = strlen(copy);
    while (length > 0 && copy[length - 1] == '\n') {
        copy[--length] = '\0'; /* no empty lines at the end */
    }
    for (char *line = copy; line != NULL;) {
        char *end = strchr(line, '\n');
        if (end != NULL) {
            *end = '\0';
        }
        show(line, context);
        line = end != NULL ? end + 1 : NULL;
    }
    free(copy);
}

struct paragraph {
    const struct page *page;
    enum style style;
    unsigned at, indent;
};

static void
show_wrapped(char *line, void *context)
{
    struct paragraph *paragraph = context;
    spaces_for_controls(line);
    if (paragraph->at == 0) { /* a further line of the text */
        page_spaces(paragraph->page, *line != '\0' ? paragraph->indent : 0);
        paragraph->at = paragraph->indent;
    }
    wrap_line(paragraph->page, paragraph->style, line, paragraph->at,
              paragraph->indent);
    paragraph->at = 0;
}

void
page_wrap(const struct page *page, enum style style, const char *text,
          unsigned at, unsigned indent)
{
    page_spaces(page, at == 0 ? indent : 0);
    struct paragraph paragraph = {page, style, at == 0 ? indent : at, indent};
    each_line(text, show_wrapped, &paragraph);
}

/* A copy of the line with its tabs turned into spaces. */
static char *
expand_tabs(const char *line)
{
    char *text = xmalloc(strlen(line) * TAB + 1);
    size_t used = 0;
    unsigned column = 0;
    while (*line != '\0') {
        const size_t plain = strcspn(line, "\t");
        memcpy(text + used, line, plain);
        text[used + plain] = '\0';
        column += utf8_columns(text + used);
        used += plain;
        line += plain;
        if (*line == '\t') {
            do {
                text[used++] = ' ';
            } while (++column % TAB != 0);
            line++;
        }
    }
    text[used] = '\0';
    return text;
}

static void
show_verbatim(char *line, void *context)
{
    const struct paragraph *paragraph = context;
    const struct page *page = paragraph->page;
    const unsigned room =
        page->width > paragraph->indent ? page->width - paragraph->indent : 1;
    char *text = expand_tabs(line);
    const char *rest = text;
    do {
        uint32_t character;
        size_t bytes = utf8_fit(rest, room);
        if (bytes == 0 && *rest != '\0') {
            bytes = utf8_decode(rest, strlen(rest), &character);
        }
        if (bytes > 0) {
            page_spaces(page, paragraph->indent);
            put(page, paragraph->style, rest, bytes);
        }
        page_newline(page);
        rest += bytes;
    } while (*rest != '\0');
    free(text);
}

void
page_verbatim(const struct page *page, enum style style, const char *text,
              unsigned indent)
{
    struct paragraph paragraph = {page, style, indent, indent};
    each_line(text, show_verbatim, &paragraph);
}
