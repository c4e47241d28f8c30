/* tests/kd/match.c: see match.h. */
#include "match.h"

#include <ctype.h>
#include <string.h>

static bool hex_char(char c)
{
    return isxdigit((unsigned char)c) || c == '`';
}

static bool take(const char **pattern, const char *word)
{
    size_t length = strlen(word);
    if (strncmp(*pattern, word, length) != 0) {
        return false;
    }
    *pattern += length;
    return true;
}

bool golden_match(const char *pattern, const char *text)
{
    while (*pattern != '\0') {
        if (take(&pattern, "<hex>")) {
            if (!hex_char(*text)) {
                return false;
            }
            while (hex_char(*text)) {
                text++;
            }
        } else if (take(&pattern, "<pad>")) {
            if (*text != ' ') {
                return false;
            }
            text += strspn(text, " ");
        } else if (take(&pattern, "<any>")) {
            text += strcspn(text, "\n");
        } else if (*pattern++ != *text++) {
            return false;
        }
    }
    return *text == '\0';
}
