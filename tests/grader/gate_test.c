/*
 * gate_test.c - what the gate lets through and what it refuses.
 *
 * gate_ok/ is ordinary C, none of which may be refused; gate_bad/ is refused,
 * each file exactly for what its heading says: lines "EXPECT: RULE LINE".
 * Files test_* are own tests, the others modules whose contract is module().
 */
#include "steps.h"

#include <glob.h>
#include <libelf.h>
#include <gelf.h>

#include "build.h"
#include "catalogue.h"
#include "gate.h"

const struct act acts[] = {{NULL, NULL}};

TestSuite(gate, .fini = forget, .timeout = 120);

static const char *const defines[] = {"module", NULL};
static const char *const serves[] = {
    "phys_read8",   "phys_read32",     "phys_read64", "phys_write8",
    "phys_write32", "phys_write64",    "phys_move",   "phys_zero_frame",
    "frame_alloc",  "frame_alloc_run", "frame_free",  "mach_invalidate",
    NULL,
};

/* What an ordinary stage offers of the C library, from the catalogue. */
static const char *const *
allow(void)
{
    static struct strings names;
    if (names.count == 0) {
        const struct catalogue *const catalogue =
            catalogue_load("grader/catalogue.yaml");
        for (unsigned i = 0; i < catalogue->stages[0].allow_count; i++)
            strings_add(&names, catalogue->stages[0].allow[i]);
    }
    return (const char *const *)names.item;
}

struct gated {
    struct build_result built;
    struct finding *findings;
    size_t count;
    unsigned slot;
};

static char *
here(const char *path)
{
    return text_format("tests/grader/%s", path);
}

static struct gated
gate_file(const char *path, const char *compiler)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char root[4096];
    cr_assert_not_null(getcwd(root, sizeof root));
    struct gated gated = {.findings = NULL};
    char *headers = text_format("%s/assignments", root);
    char *output = text_format("%s/output", folder);
    const unsigned slot = sandbox_claim_slots(1);
    gated.slot = slot;
    cr_assert_eq(mkdir(output, 0700), 0);
    build_module(
        &(struct build_request){.source = path,
                                .name = name,
                                .include = (const char *const[]){headers, NULL},
                                .folder = output,
                                .compiler = compiler,
                                .wanted = {true, true},
                                .slot = slot},
        &gated.built);
    cr_assert(gated.built.compiled, "%s: %s", path, gated.built.output);
    char *const trouble = gate_check(
        &(struct gate_request){
            .kind = strncmp(name, "test_", 5) ? GATE_MODULE : GATE_TESTS,
            .name = name,
            .source = path,
            .preprocessed = gated.built.preprocessed,
            .object = gated.built.object[BUILD_PLAIN],
            .counting = gated.built.object[BUILD_COVERAGE],
            .defines = defines,
            .serves = serves,
            .allow = allow(),
            .slot = slot,
        },
        &gated.findings, &gated.count);
    cr_assert_null(trouble, "%s", trouble);
    free(headers);
    free(output);
    return gated;
}

static char *
list_of(const struct gated *gated)
{
    char *all = xstrdup("");
    for (size_t i = 0; i < gated->count; i++) {
        const struct finding *finding = &gated->findings[i];
        char *longer = text_format("%s%s %u: %s\n", all, finding->rule,
                                   finding->line, finding->message);
        free(all);
        all = longer;
    }
    return all;
}

static glob_t
files(const char *pattern)
{
    glob_t found;
    char *path = here(pattern);
    cr_assert_eq(glob(path, 0, NULL, &found), 0, "run from the kit's root");
    free(path);
    return found;
}

/* ---- The corpora --------------------------------------------------------- */

static void
nothing_is_refused(const char *pattern, const char *compiler)
{
    const glob_t found = files(pattern);
    cr_assert_geq(found.gl_pathc, 1);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        enter(AS_STARTED);
        struct gated gated = gate_file(found.gl_pathv[i], compiler);
        cr_expect_eq(gated.count, 0, "%s: %s", found.gl_pathv[i],
                     list_of(&gated));
        forget();
        folder = NULL;
    }
}

Test(gate, ordinary_c_is_not_refused)
{
    nothing_is_refused("gate_ok/*.c", NULL);
}

Test(gate, ordinary_c_is_not_refused_with_clang)
{
    nothing_is_refused("gate_ok/[a-s]*.c", "clang");
}

/* The "EXPECT: RULE LINE" of a file's heading, as one text. */
static char *
expectations(const char *path)
{
    char *all = xstrdup(""), *text = text_read_file(path, 1 << 20, NULL);
    for (const char *at = text; (at = strstr(at, "EXPECT: ")) != NULL;) {
        char rule[32];
        unsigned line;
        at += strlen("EXPECT: ");
        cr_assert_eq(sscanf(at, "%31s %u", rule, &line), 2, "%s", path);
        char *longer = text_format("%s%s %u\n", all, rule, line);
        free(all);
        all = longer;
    }
    free(text);
    return all;
}

Test(gate, each_misdeed_is_refused_with_its_rule_and_line)
{
    const glob_t found = files("gate_bad/*.c");
    cr_assert_geq(found.gl_pathc, 40);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        enter(AS_STARTED);
        struct gated gated = gate_file(found.gl_pathv[i], NULL);
        char *expected = expectations(found.gl_pathv[i]), *got = xstrdup("");
        for (size_t j = 0; j < gated.count; j++) {
            char *longer = text_format("%s%s %u\n", got, gated.findings[j].rule,
                                       gated.findings[j].line);
            free(got);
            got = longer;
        }
        cr_expect_str_eq(got, expected, "%s:\n%sexpected:\n%s",
                         found.gl_pathv[i], list_of(&gated), expected);
        forget();
        folder = NULL;
    }
}

/* ---- Words --------------------------------------------------------------- */

Test(gate, refusal_names_the_way_out)
{
    enter(AS_STARTED);
    char *path = here("gate_bad/fork.c");
    struct gated gated = gate_file(path, NULL);
    cr_assert_str_eq(gated.findings[0].message,
                     "fork is not available in this stage: a module works on "
                     "the machine alone, in one process.");
}

Test(gate, function_of_the_library_is_called_as_it_was_written)
{
    enter(AS_STARTED);
    char *path = here("gate_bad/sscanf.c");
    struct gated gated = gate_file(path, NULL);
    cr_assert_eq(strncmp(gated.findings[0].message,
                         "sscanf is not available in this stage.  Of the C "
                         "library there are: malloc, calloc,",
                         82),
                 0, "%s", gated.findings[0].message);
}

/* ---- Variables ----------------------------------------------------------- */

Test(gate, variables_of_a_module_are_seen)
{
    const glob_t found = files("variables/*.c");
    cr_assert_eq(found.gl_pathc, 4);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        enter(AS_STARTED);
        struct gated gated = gate_file(found.gl_pathv[i], NULL);
        cr_expect_eq(gate_keeps_variables(gated.built.object[BUILD_PLAIN]),
                     strstr(found.gl_pathv[i], "none.c") == NULL, "%s",
                     found.gl_pathv[i]);
        forget();
        folder = NULL;
    }
}

/* ---- Localising ---------------------------------------------------------- */

/* The global symbols that an object defines, in their order. */
static char *
globals_of(const char *path)
{
    char *all = xstrdup("");
    elf_version(EV_CURRENT);
    const int file = open(path, O_RDONLY);
    Elf *object = elf_begin(file, ELF_C_READ, NULL);
    cr_assert_not_null(object);
    for (Elf_Scn *section = NULL;
         (section = elf_nextscn(object, section)) != NULL;) {
        GElf_Shdr header;
        gelf_getshdr(section, &header);
        if (header.sh_type != SHT_SYMTAB)
            continue;
        Elf_Data *data = elf_getdata(section, NULL);
        for (int i = 0; i < (int)(header.sh_size / header.sh_entsize); i++) {
            GElf_Sym symbol;
            gelf_getsym(data, i, &symbol);
            if (GELF_ST_BIND(symbol.st_info) == STB_LOCAL ||
                symbol.st_shndx == SHN_UNDEF)
                continue;
            char *longer =
                text_format("%s%s ", all,
                            elf_strptr(object, header.sh_link, symbol.st_name));
            free(all);
            all = longer;
        }
    }
    elf_end(object);
    close(file);
    return all;
}

IN_EVERY_SITUATION(gate, only_the_contract_stays_global)
{
    char *path = here("gate_ok/main_too.c");
    struct gated gated = gate_file(path, NULL);
    const char *object = gated.built.object[BUILD_PLAIN];
    cr_assert_str_eq(globals_of(object), "module main ");
    cr_assert_null(gate_localise(object, defines, gated.slot));
    cr_assert_str_eq(globals_of(object), "module ");
    cr_assert_null(gate_localise(object, NULL, gated.slot));
    cr_assert_str_eq(globals_of(object), "");
}
