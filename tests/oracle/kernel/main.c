/* main.c - reads the order, performs the cases, ends the machine. */
#include "kernel.h"

static void
out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

/* What QEMU's debug console shows. */
static void
print(const char *text)
{
    while (*text != '\0')
        out8(0xE9, (uint8_t)*text++);
}

static void
print_hex(word value)
{
    print("0x");
    for (int shift = (int)sizeof value * 8 - 4; shift >= 0; shift -= 4)
        out8(0xE9, (uint8_t) "0123456789abcdef"[value >> shift & 15]);
}

void
finish(void)
{
    out8(0xF4, 0x10); /* isa-debug-exit: QEMU ends with status 33 */
    for (;;)
        __asm__ volatile("hlt");
}

void
panic(const char *why, word vector, word at)
{
    print("oracle kernel: ");
    print(why);
    print(", vector ");
    print_hex(vector);
    print(" at ");
    print_hex(at);
    print("\n");
    out8(0xF4, 0x20); /* status 65 */
    for (;;)
        __asm__ volatile("hlt");
}

static struct report_heading *
heading(void)
{
    return see(REPORT_PA);
}

void
report_begin(uint64_t kind, uint64_t seed)
{
    *heading() = (struct report_heading){REPORT_MAGIC, kind, seed, 0};
}

void *
report_record(uint32_t n, uint32_t bytes)
{
    return (char *)(heading() + 1) + (word)n * bytes;
}

void
report_end(uint32_t count)
{
    heading()->count = count;
}

/* Compilers may call these two for copies and for zero bytes. */
void *memcpy(void *to, const void *from, __SIZE_TYPE__ bytes);
void *memset(void *to, int value, __SIZE_TYPE__ bytes);

void *
memcpy(void *to, const void *from, __SIZE_TYPE__ bytes)
{
    void *const result = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes)::"memory");
    return result;
}

void *
memset(void *to, int value, __SIZE_TYPE__ bytes)
{
    void *const result = to;
    __asm__ volatile("rep stosb"
                     : "+D"(to), "+c"(bytes)
                     : "a"(value)
                     : "memory");
    return result;
}

/* ---- The order ---------------------------------------------------------- */

static uint64_t
read_hex(const char **text)
{
    while (**text == ' ')
        ++*text;
    uint64_t value = 0;
    for (; **text > ' '; ++*text)
        value = value << 4 |
                (uint64_t)(**text <= '9' ? **text - '0' : **text - 'a' + 10);
    return value;
}

/* Behind the last "order=" of the command line stand kind, seed and count, in
 * hexadecimal digits. */
static const char *
find_order(const char *line)
{
    const char *found = 0;
    for (; *line != '\0'; line++) {
        const char *want = "order=", *at = line;
        while (*want != '\0' && *at == *want)
            at++, want++;
        if (*want == '\0')
            found = at;
    }
    return found;
}

struct loader_says {
    uint32_t flags, memory[2], boot_device, command_line;
};

void kernel_main(const struct loader_says *loader);

void
kernel_main(const struct loader_says *loader)
{
    const char *order = find_order((const char *)(word)loader->command_line);
    if (order == 0)
        panic("no order", 0, 0);
    const uint64_t kind = read_hex(&order);
    const uint64_t seed = read_hex(&order);
    const uint32_t count = (uint32_t)read_hex(&order);
    make_tables();
    report_begin(kind, seed);
#ifdef __x86_64__
    if (kind == KIND_WALKS_FOUR_LEVEL)
        perform_walks(seed, count);
#else
    if (kind == KIND_WALKS_TWO_LEVEL)
        perform_walks(seed, count);
    else if (kind == KIND_LOADS)
        perform_loads(seed, count);
#endif
    else
        panic("not an order for this kernel", 0, 0);
    report_end(count);
    finish();
}
