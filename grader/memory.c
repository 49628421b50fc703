/*
 * memory.c - reads memcheck's XML (protocol 4, valgrind's
 * docs/internals/xml-output-protocol4.txt).
 */
#include "memory.h"

#include "rubric.h"

#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

enum { ERRORS_KEPT = 20, TEXT_SHOWN = 300, XML_LIMIT = 16 << 20 };

void
memory_command(struct strings *argv, const char *folder, const char *program,
               bool again)
{
    strings_add(argv, MEMORY_VALGRIND);
    strings_add(argv, "--tool=memcheck");
    strings_add(argv, "--quiet");
    strings_add(argv, "--xml=yes");
    strings_addf(argv, "--xml-file=%s/%%p.xml", folder);
    strings_add(argv, "--leak-check=full");
    /* What a variable of the module still points to was not freed either. */
    strings_add(argv, "--show-leak-kinds=definite,indirect,reachable");
    strings_add(argv, "--errors-for-leak-kinds=definite,indirect,reachable");
    /* Those of valgrind's own go by the names of functions, which anybody may
     * give to theirs. */
    strings_add(argv, "--default-suppressions=no");
    strings_add(argv, "--run-libc-freeres=no");
    strings_add(argv, "--num-callers=12");
    strings_add(argv, "--vgdb=no");
    /* Else each child checks valgrind itself when it ends: a fifth of its
     * time. */
    strings_add(argv, "--sanity-level=0");
    strings_add(argv, program);
    if (again) {
        strings_add(argv, "--again");
    }
}

/* ---- The tree ------------------------------------------------------------ */

static const xmlNode *
child_of(const xmlNode *node, const char *name)
{
    for (const xmlNode *child = node != NULL ? node->children : NULL;
         child != NULL; child = child->next) {
        if (child->type == XML_ELEMENT_NODE &&
            strcmp((const char *)child->name, name) == 0) {
            return child;
        }
    }
    return NULL;
}

/* The text of an element, cleaned; "" without one. */
static char *
text_in(const xmlNode *node)
{
    xmlChar *const content =
        node != NULL ? xmlNodeGetContent(node) : NULL;
    char *const clean =
        content != NULL ? text_clean(content, strlen((const char *)content),
                                     TEXT_SHOWN)
                        : xstrdup("");
    xmlFree(content);
    return clean;
}

/* "segment.c:41 (seg_load)": the innermost frame in the student's file. */
static char *
where_in(const xmlNode *error, const char *source)
{
    const xmlNode *const stack = child_of(error, "stack");
    for (const xmlNode *frame = stack != NULL ? stack->children : NULL;
         frame != NULL; frame = frame->next) {
        char *const file = text_in(child_of(frame, "file"));
        char *where = NULL;
        if (strcmp(file, source) == 0) {
            char *const line = text_in(child_of(frame, "line"));
            char *const function = text_in(child_of(frame, "fn"));
            where = text_format("%s:%s (%s)", file, line, function);
            free(line);
            free(function);
        }
        free(file);
        if (where != NULL) {
            return where;
        }
    }
    return xstrdup("");
}

/* Where the bridge itself asked whether something was set: of a result before it
 * carries it (child.c), and of what the machine is given (direct.c).  NULL:
 * nowhere. */
static const char *
unset(const xmlNode *error)
{
    char *const kind = text_in(child_of(error, "kind"));
    char *const by = text_in(
        child_of(child_of(child_of(error, "stack"), "frame"), "fn"));
    const char *what = NULL;
    if (strcmp(kind, "ClientCheck") == 0) {
        what = strncmp(by, "__wrap_", 7) == 0
                   ? "What the machine is given depends on memory that was "
                     "never set"
                   : "The returned value depends on memory that was never set";
    }
    free(kind);
    free(by);
    return what;
}

static char *
what_in(const xmlNode *error)
{
    const char *const asked = unset(error);
    if (asked != NULL) {
        return xstrdup(asked);
    }
    const xmlNode *const extended = child_of(error, "xwhat");
    char *const what = text_in(extended != NULL ? child_of(extended, "text")
                                                : child_of(error, "what"));
    char *const more = text_in(child_of(error, "auxwhat"));
    char *const both = more[0] != '\0' ? text_format("%s; %s", what, more)
                                       : xstrdup(what);
    free(what);
    free(more);
    return both;
}

static void
add_error(struct test_result *test, const xmlNode *error, const char *source)
{
    if (test->error_count == ERRORS_KEPT) {
        return;
    }
    test->errors = xrealloc(test->errors, (test->error_count + 1) *
                                              sizeof *test->errors);
    test->errors[test->error_count++] = (struct memory_error){
        .kind = text_in(child_of(error, "kind")),
        .what = what_in(error),
        .where = where_in(error, source),
        .call = xstrdup(""),
    };
}

bool
memory_read(struct test_result *test, const char *folder, int child,
            const char *source, char **trouble)
{
    char *const path = text_format("%s/%d.xml", folder, child);
    /* The module has run where it could write this file, and nothing else: it
     * may be a pipe, endless, or XML whose entities stand for more entities. */
    size_t bytes;
    char *const text = text_read_file(path, XML_LIMIT, &bytes);
    xmlDoc *const document =
        text != NULL ? xmlReadMemory(text, (int)bytes, path, NULL,
                                     XML_PARSE_NONET | XML_PARSE_NOERROR |
                                         XML_PARSE_NOWARNING)
                     : NULL;
    const xmlNode *const root =
        document != NULL && document->intSubset == NULL
            ? xmlDocGetRootElement(document)
            : NULL;
    const bool whole = root != NULL;
    if (!whole) {
        *trouble = text_format("valgrind left no whole report of %s",
                               test->rubric->id);
    } else {
        for (const xmlNode *node = root->children; node != NULL;
             node = node->next) {
            if (node->type == XML_ELEMENT_NODE &&
                strcmp((const char *)node->name, "error") == 0) {
                add_error(test, node, source);
            }
        }
    }
    xmlFreeDoc(document);
    free(text);
    free(path);
    return whole;
}
