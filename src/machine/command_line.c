/* src/machine/command_line.c: text for a new process. See command_line.h.
 *
 * Windows programs get one string and take it apart themselves. The rules of Microsoft's C
 * run-time: blanks separate, quotes group, and backslashes mean themselves unless a quote follows
 * them, when 2n of them are n backslashes and 2n + 1 are n and a quote. Source: "Parsing C
 * command-line arguments", documentation.
 */
#include "machine/command_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One code point from `p`; bad or overlong sequences give U+FFFD for their first byte. */
static const unsigned char *decode(const unsigned char *p, uint32_t *code)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    unsigned more = *p < 0x80 ? 0 : (*p & 0xE0) == 0xC0 ? 1 : (*p & 0xF0) == 0xE0 ? 2 : 3;
    uint32_t value = more == 0 ? *p : *p & (0x3Fu >> more);
    if (*p >= 0xF8 || (*p >= 0x80 && *p < 0xC0)) {
        *code = 0xFFFD;
        return p + 1;
    }
    for (unsigned i = 1; i <= more; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            *code = 0xFFFD;
            return p + 1;
        }
        value = value << 6 | (p[i] & 0x3F);
    }
    bool bad = value < least[more] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000);
    *code = bad ? 0xFFFD : value;
    return p + 1 + (bad ? 0 : more);
}

WCHAR *text_to_utf16(const char *utf8)
{
    WCHAR *out = malloc((strlen(utf8) + 1) * 2 * sizeof *out);
    if (!out) {
        return NULL;
    }
    size_t n = 0;
    for (const unsigned char *p = (const unsigned char *)utf8; *p;) {
        uint32_t code;
        p = decode(p, &code);
        if (code >= 0x10000) {
            out[n++] = (WCHAR)(0xD800 + ((code - 0x10000) >> 10));
            code = 0xDC00 + ((code - 0x10000) & 0x3FF);
        }
        out[n++] = (WCHAR)code;
    }
    out[n] = 0;
    return out;
}

/* Append one argument, quoted when it has to be. `out` has room for twice its length and 3 more. */
static char *append_argument(char *out, const char *argument)
{
    bool quote = !*argument || strpbrk(argument, " \t\"");
    size_t backslashes = 0;
    if (quote) {
        *out++ = '"';
    }
    for (const char *p = argument; *p; p++) {
        if (*p == '"') {
            for (size_t i = 0; i <= backslashes; i++) {
                *out++ = '\\';
            }
        }
        backslashes = *p == '\\' ? backslashes + 1 : 0;
        *out++ = *p;
    }
    if (quote) {
        for (size_t i = 0; i < backslashes; i++) {
            *out++ = '\\';
        }
        *out++ = '"';
    }
    return out;
}

char *command_line_build(const char *program, const char *const *arguments, size_t count,
                         const char *rest)
{
    size_t size = 2 * strlen(program) + 4 + (rest ? strlen(rest) + 1 : 0);
    for (size_t i = 0; i < count; i++) {
        size += 2 * strlen(arguments[i]) + 4;
    }
    char *line = malloc(size), *out = line;
    if (!line) {
        return NULL;
    }
    out = append_argument(out, program);
    if (rest && *rest) {
        *out++ = ' ';
        out = stpcpy(out, rest);
    }
    for (size_t i = 0; !rest && i < count; i++) {
        *out++ = ' ';
        out = append_argument(out, arguments[i]);
    }
    *out = 0;
    return line;
}

WCHAR *environment_build(unsigned processors, size_t *length)
{
    char count[40];
    snprintf(count, sizeof count, "NUMBER_OF_PROCESSORS=%u", processors);
    const char *const variables[] = {
        "COMPUTERNAME=" MACHINE_COMPUTER_NAME,
        "ComSpec=C:\\Windows\\System32\\cmd.exe",
        "HOMEDRIVE=C:",
        "HOMEPATH=\\work",
        count,
        "OS=Windows_NT",
        "Path=C:\\Windows\\System32;C:\\Windows",
        "PATHEXT=.COM;.EXE;.BAT;.CMD",
        "PROCESSOR_ARCHITECTURE=AMD64",
        "SystemDrive=C:",
        "SystemRoot=C:\\Windows",
        "TEMP=C:\\Temp",
        "TMP=C:\\Temp",
        "USERNAME=user",
        "USERPROFILE=C:\\work",
        "windir=C:\\Windows",
    };
    size_t size = 1;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        size += strlen(variables[i]) + 1;
    }
    WCHAR *block = calloc(size, sizeof *block), *out = block;
    for (size_t i = 0; block && i < sizeof variables / sizeof *variables; i++) {
        for (const char *p = variables[i]; *p; p++) {
            *out++ = (WCHAR)*p;
        }
        out++;
    }
    *length = size;
    return block;
}
