/*
 * gate_object.c - the gate's look at the objects.  The one for coverage is made
 * from the same text, and is looked at because code that is gone from the plain
 * one may be in it: at -O0 __builtin_constant_p says something else.  Its
 * sections are not, because the compiler adds constructors.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "die.h"
#include "gate_parts.h"
#include "process.h"
#include "sandbox/sandbox.h"
#include "text.h"

/* ---- Sections ------------------------------------------------------------ */

/* Whether a section is one of these, or a part of one: ".text.unlikely". */
static bool
is_section(const char *name, const char *const *list)
{
    for (; *list; list++) {
        const size_t length = strlen(*list);
        if (!strncmp(name, *list, length) &&
            (name[length] == '\0' || name[length] == '.'))
            return true;
    }
    return false;
}

static void
check_section(struct gate *gate, const char *name, const GElf_Shdr *header)
{
    static const char *const loaded[] = {
        ".text",
        ".data",
        ".bss",
        ".rodata",
        ".tdata",
        ".tbss",
        ".eh_frame",
        ".lbss",
        ".ldata",
        ".lrodata",
        ".note.gnu.property",
        NULL,
    };
    static const char *const of_tests[] = {"cr_tst", "cr_sts", NULL};
    if (!strcmp(name, ".note.GNU-stack") && (header->sh_flags & SHF_EXECINSTR))
        gate_refuse(
            gate, 0, "object",
            "A function inside another function is used by its address, "
            "which needs a stack that can be executed: move the inner "
            "function to file level.");
    const bool known =
        is_section(name, loaded) ||
        (gate->request->kind == GATE_TESTS && is_section(name, of_tests));
    const bool starts = header->sh_type == SHT_INIT_ARRAY ||
                        header->sh_type == SHT_FINI_ARRAY ||
                        header->sh_type == SHT_PREINIT_ARRAY;
    if (starts || ((header->sh_flags & SHF_ALLOC) && !known))
        gate_refuse(gate, 0, "section",
                    "Something lies in a section of its own (%.60s); a module "
                    "needs no constructors and no sections: remove the "
                    "attribute.",
                    name);
}

/* ---- Symbols ------------------------------------------------------------- */

/* What is known of a contract function from the symbols. */
enum definition { ABSENT, LOCAL, NOT_A_FUNCTION, DEFINED };

static enum definition
definition_by(const GElf_Sym *symbol)
{
    if (symbol->st_shndx == SHN_UNDEF)
        return ABSENT;
    if (GELF_ST_TYPE(symbol->st_info) == STT_GNU_IFUNC)
        return DEFINED; /* refused as that */
    if (GELF_ST_TYPE(symbol->st_info) != STT_FUNC)
        return NOT_A_FUNCTION;
    return GELF_ST_BIND(symbol->st_info) == STB_LOCAL ? LOCAL : DEFINED;
}

/* What gcc, and clang, call to have lines counted.  In the text these names are
 * refused (gate_text.c). */
static bool
is_counting(const char *name)
{
    return !strncmp(name, "__gcov_", 7) || !strncmp(name, "llvm_gc", 7);
}

static void
check_symbol(struct gate *gate, const char *name, const GElf_Sym *symbol,
             bool counting)
{
    const unsigned type = GELF_ST_TYPE(symbol->st_info);
    const unsigned binding = GELF_ST_BIND(symbol->st_info);
    const unsigned line = tokens_line(&gate->tokens, name);
    const struct gate_request *request = gate->request;
    /* valgrind.h makes such names, to have one function called for another. */
    if (!strncmp(name, "_vg", 3))
        gate_refuse(gate, line, "object",
                    "%.60s is a name that speaks to valgrind: give it another.",
                    name);
    if (type == STT_GNU_IFUNC)
        gate_refuse(gate, line, "object",
                    "%.60s is chosen by code that runs before the first call "
                    "(ifunc): make it an ordinary function.",
                    name);
    if (binding != STB_LOCAL && binding != STB_GLOBAL)
        gate_refuse(gate, line, "object",
                    "%.60s is a weak symbol: make it an ordinary one.", name);
    if (symbol->st_shndx != SHN_UNDEF || binding == STB_LOCAL || !*name)
        return;

    const bool offered =
        list_has(request->serves, name) || list_has(request->allow, name) ||
        list_has(request->allow, canonical_name(name)) || is_compilers(name) ||
        is_implied(request, name) || (counting && is_counting(name)) ||
        (request->kind == GATE_TESTS &&
         (list_has(request->defines, name) || is_for_tests(name)));
    /* A missing contract function is told about below. */
    const bool own =
        request->kind == GATE_MODULE && list_has(request->defines, name);
    if (!offered && !own)
        gate_refuse_symbol(gate, name);
}

static void
check_symbols(struct gate *gate, Elf *object, Elf_Scn *section,
              const GElf_Shdr *header, bool counting)
{
    const char *const *defines = gate->request->defines;
    Elf_Data *data = elf_getdata(section, NULL);
    const size_t count =
        data && header->sh_entsize ? data->d_size / header->sh_entsize : 0;
    for (size_t i = 1; i < count; i++) {
        GElf_Sym symbol;
        const char *name =
            gelf_getsym(data, (int)i, &symbol)
                ? elf_strptr(object, header->sh_link, symbol.st_name)
                : NULL;
        if (name)
            check_symbol(gate, name, &symbol, counting);
    }
    if (gate->request->kind != GATE_MODULE || counting)
        return;
    char *absent = NULL;
    for (; defines && *defines; defines++) {
        enum definition known = ABSENT;
        for (size_t i = 1; i < count; i++) {
            GElf_Sym symbol;
            const char *name =
                gelf_getsym(data, (int)i, &symbol)
                    ? elf_strptr(object, header->sh_link, symbol.st_name)
                    : NULL;
            if (name && !strcmp(name, *defines) &&
                definition_by(&symbol) > known)
                known = definition_by(&symbol);
        }
        const unsigned line = tokens_line(&gate->tokens, *defines);
        if (known == ABSENT && line) /* static, say, and not even compiled */
            gate_refuse(gate, line, "missing",
                        "%s is declared in the stage's header but not defined "
                        "as it says: keep the function of the skeleton.",
                        *defines);
        else if (known == ABSENT) {
            char *list = text_format("%s%s%s", absent ? absent : "",
                                     absent ? ", " : "", *defines);
            free(absent);
            absent = list;
        } else if (known == LOCAL)
            gate_refuse(gate, line, "missing",
                        "%s is static, so nobody outside %s can call it: "
                        "remove static.",
                        *defines, gate->request->name);
        else if (known == NOT_A_FUNCTION)
            gate_refuse(gate, line, "missing",
                        "%s is a variable, but the stage's header declares a "
                        "function of that name.",
                        *defines);
    }
    if (absent)
        gate_refuse(gate, 0, "missing",
                    "Not defined in %s: %s. Keep every function of the "
                    "skeleton, even as long as it is not implemented.",
                    gate->request->name, absent);
    free(absent);
}

/* ---- Code ---------------------------------------------------------------- */

/* The instructions that open a request to valgrind, rotations of a register
 * that cancel out; no compiler makes them.  Then the ways into the kernel. */
#if defined(__x86_64__)
static const unsigned char valgrind_request[] = {
    0x48, 0xc1, 0xc7, 0x03, 0x48, 0xc1, 0xc7, 0x0d,
    0x48, 0xc1, 0xc7, 0x3d, 0x48, 0xc1, 0xc7, 0x33,
};
static const struct {
    unsigned char bytes[2];
    const char *mnemonic;
} kernel_entries[] = {
    {{0x0f, 0x05}, "syscall"},
    {{0x0f, 0x34}, "sysenter"},
    {{0xcd, 0x80}, "int "},
};
#elif defined(__aarch64__)
static const unsigned char valgrind_request[] = {
    0x8c, 0x0d, 0xcc, 0x93, 0x8c, 0x35, 0xcc, 0x93,
    0x8c, 0xcd, 0xcc, 0x93, 0x8c, 0xf5, 0xcc, 0x93,
};
static const struct {
    unsigned char bytes[4];
    const char *mnemonic;
} kernel_entries[] = {
    {{0x01, 0x00, 0x00, 0xd4}, "svc"},
};
#endif

/* Whether the instruction stands in the disassembly.  Two bytes alone prove
 * nothing: they are in the constant 0x050f as well. */
static bool
is_instruction(struct gate *gate, const char *path, const char *mnemonic)
{
    struct sandbox sandbox = sandbox_for(SANDBOX_TOOL, gate->request->slot);
    sandbox_allow(&sandbox, path, SANDBOX_READ);
    struct process_result process = process_insist(&(struct process){
        .argv =
            (char *const[]){(char *)"objdump", (char *)"-d",
                            (char *)"--no-show-raw-insn", (char *)path, NULL},
        .sandbox = &sandbox,
        .standard_input = -1,
        .wall_ms = 30000,
        .output_limit = 32 << 20,
    });
    if ((process.end != PROCESS_EXITED || process.code) && !gate->trouble)
        gate->trouble = text_format("objdump failed on %s: %.200s", path,
                                    process.output);
    if (process.output_cut)
        gate_refuse(gate, 0, "code",
                    "The file has too much machine code to look through: "
                    "write tables and loops instead of a copy for each case.");
    /* "  1a:\tsyscall " */
    char *words = text_format(":\t%s", mnemonic);
    const bool found = strstr(process.output, words) != NULL;
    free(words);
    process_result_free(&process);
    return found;
}

static void
check_code(struct gate *gate, const char *path, Elf_Scn *section)
{
    for (Elf_Data *data = NULL; (data = elf_getdata(section, data)) != NULL;) {
        if (!data->d_buf)
            continue;
#if defined(__x86_64__) || defined(__aarch64__)
        if (memmem(data->d_buf, data->d_size, valgrind_request,
                   sizeof valgrind_request))
            gate_refuse(gate, 0, "code",
                        "The file speaks to valgrind: remove what includes "
                        "valgrind.h or memcheck.h.");
        for (size_t i = 0; i < sizeof kernel_entries / sizeof *kernel_entries;
             i++)
            if (memmem(data->d_buf, data->d_size, kernel_entries[i].bytes,
                       sizeof kernel_entries[i].bytes) &&
                is_instruction(gate, path, kernel_entries[i].mnemonic))
                gate_refuse(
                    gate, 0, "code",
                    "The file calls the kernel by an instruction of its "
                    "own: a module works on the machine alone.");
#endif
    }
}

/* ---- The object ---------------------------------------------------------- */

static void
check_elf(struct gate *gate, const char *path, Elf *object, bool counting)
{
    enum { LOADED_MIB = 256 };
    size_t names;
    uint64_t loaded = 0;
    if (elf_kind(object) != ELF_K_ELF || elf_getshdrstrndx(object, &names)) {
        gate_refuse(gate, 0, "object", "The compiler made no object of this.");
        return;
    }
    bool symbols = false;
    for (Elf_Scn *section = NULL;
         (section = elf_nextscn(object, section)) != NULL;) {
        GElf_Shdr header;
        const char *name = gelf_getshdr(section, &header)
                               ? elf_strptr(object, names, header.sh_name)
                               : NULL;
        if (!name)
            continue;
        if (header.sh_flags & SHF_ALLOC)
            loaded += header.sh_size < UINT32_MAX ? header.sh_size : UINT32_MAX;
        if (!counting)
            check_section(gate, name, &header);
        if (header.sh_type == SHT_SYMTAB) {
            check_symbols(gate, object, section, &header, counting);
            symbols = true;
        }
        if ((header.sh_flags & SHF_EXECINSTR) && header.sh_type == SHT_PROGBITS)
            check_code(gate, path, section);
    }
    /* It would not link, or not start. */
    if (loaded > (uint64_t)LOADED_MIB << 20)
        gate_refuse(gate, 0, "object",
                    "The variables of the file take more than %d MiB, which a "
                    "module may have in all: make the largest smaller.",
                    LOADED_MIB);
    /* An empty file has no symbols, and so none of the contract's. */
    if (!symbols)
        gate_refuse(gate, 0, "missing",
                    "Nothing is defined in %s: start from the skeleton.",
                    gate->request->name);
}

/* Opens the object for libelf; *file is to be closed after elf_end. */
static Elf *
open_object(const char *path, int *file)
{
    if (elf_version(EV_CURRENT) == EV_NONE)
        die(EX_SOFTWARE, "libelf is older than this program: install it again");
    *file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (*file < 0)
        die(EX_NOINPUT, "cannot open %s:", path);
    Elf *object = elf_begin(*file, ELF_C_READ, NULL);
    if (!object)
        die(EX_SOFTWARE, "cannot read %s: %s", path, elf_errmsg(-1));
    return object;
}

static void
check_object(struct gate *gate, const char *path, bool counting)
{
    int file;
    Elf *object = open_object(path, &file);
    check_elf(gate, path, object, counting);
    elf_end(object);
    close(file);
}

void
gate_check_objects(struct gate *gate)
{
    check_object(gate, gate->request->object, false);
    if (gate->request->counting)
        check_object(gate, gate->request->counting, true);
}

/* Constant tables of pointers can be written until they are relocated. */
static bool
holds_variables(const char *name, const GElf_Shdr *header)
{
    static const char *const constant[] = {".data.rel.ro", NULL};
    return header->sh_size > 0 && (header->sh_flags & SHF_ALLOC) &&
           (header->sh_flags & SHF_WRITE) && !is_section(name, constant);
}

bool
gate_keeps_variables(const char *path)
{
    int file;
    size_t names;
    bool found = false;
    Elf *object = open_object(path, &file);
    if (elf_getshdrstrndx(object, &names))
        die(EX_SOFTWARE, "cannot read %s: %s", path, elf_errmsg(-1));
    for (Elf_Scn *section = NULL;
         !found && (section = elf_nextscn(object, section)) != NULL;) {
        GElf_Shdr header;
        const char *name = gelf_getshdr(section, &header)
                               ? elf_strptr(object, names, header.sh_name)
                               : NULL;
        found = !name || holds_variables(name, &header);
    }
    elf_end(object);
    close(file);
    return found;
}
