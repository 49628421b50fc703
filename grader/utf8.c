#include "utf8.h"

#include <locale.h>
#include <string.h>
#include <wchar.h>

size_t
utf8_decode(const char *bytes, size_t length, uint32_t *character)
{
    /* The smallest character that needs 2, 3, 4 bytes: less is overlong. */
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *byte = (const unsigned char *)bytes;

    if (byte[0] < 0x80) {
        *character = byte[0];
        return 1;
    }
    *character = UTF8_INVALID;
    const size_t count = byte[0] >= 0xF8   ? 0
                         : byte[0] >= 0xF0 ? 4
                         : byte[0] >= 0xE0 ? 3
                         : byte[0] >= 0xC0 ? 2
                                           : 0;
    if (count == 0 || count > length) {
        return 1;
    }
    uint32_t value = byte[0] & (0x7Fu >> count);
    for (size_t i = 1; i < count; i++) {
        if ((byte[i] & 0xC0) != 0x80) {
            return 1;
        }
        value = value << 6 | (byte[i] & 0x3Fu);
    }
    if (value < smallest[count] || value > 0x10FFFF ||
        (value >= 0xD800 && value <= 0xDFFF)) {
        return 1;
    }
    *character = value;
    return count;
}

/* Columns of one character, by the C library's table for C.UTF-8, which is
 * there whatever locale the user has. */
static unsigned
columns_of(uint32_t character)
{
    static locale_t tables;
    if (tables == (locale_t)0) {
        tables = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
        if (tables == (locale_t)0) {
            return 1;
        }
    }
    const locale_t before = uselocale(tables);
    const int columns = wcwidth((wchar_t)character);
    uselocale(before);
    return columns < 0 ? 1 : (unsigned)columns;
}

unsigned
utf8_columns(const char *text)
{
    unsigned columns = 0;
    size_t left = strlen(text);
    while (left > 0) {
        uint32_t character;
        const size_t taken = utf8_decode(text, left, &character);
        columns += columns_of(character);
        text += taken;
        left -= taken;
    }
    return columns;
}

size_t
utf8_fit(const char *text, unsigned columns)
{
    const size_t length = strlen(text);
    unsigned used = 0;
    size_t at = 0;
    while (at < length) {
        uint32_t character;
        const size_t taken = utf8_decode(text + at, length - at, &character);
        used += columns_of(character);
        if (used > columns) {
            break;
        }
        at += taken;
    }
    return at;
}
