/* src/kd/expr.c: MASM expressions, WinDbg's default language.
 *
 *      or      := xor      { "|" | "or"   xor }            weakest
 *      xor     := and      { "^" | "xor"  and }
 *      and     := compare  { "&" | "and"  compare }
 *      compare := shift    { "==" "=" "!=" "<" ">" "<=" ">="  shift }
 *      shift   := sum      { "<<" ">>" ">>>"  sum }
 *      sum     := product  { "+" "-"  product }
 *      product := unary    { "*" "/" "%" "mod"  unary }
 *      unary   := [ "-" "+" "~" not hi low by wo dwo qwo poi ] unary | primary
 *      primary := number | @register | $pseudo | symbol | module!symbol | "." | "(" or ")"
 *
 * Binary levels are rows of one table, climbed by one function. Values are 64 bits, unsigned unless
 * >>> or a comparison says otherwise. A word of hexadecimal digits is a number, also when a symbol
 * has that name. Source: debugger documentation, "MASM Numbers and Operators". */
#include "kd/kdi.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "kd/symbols.h"

#define DEPTH_LIMIT 64
#define WORD_SIZE 512
#define PLAIN_RANGE_LIMIT (256ull << 20) /* L without `?` */

struct parser {
    struct kd *kd;
    const char *at;
    unsigned depth;
};

static bool parse_binary(struct parser *p, unsigned level, uint64_t *value);

/* ---- binary operators -------------------------------------------------------------------------
 */

enum op { OR, XOR, AND, EQ, NE, LE, GE, LT, GT, SHL, SAR, SHR, ADD, SUB, MUL, DIV, MOD };

struct binary {
    const char *text; /* longer spellings before their prefixes */
    unsigned level;
    enum op op;
};

#define LEVELS 7

static const struct binary binaries[] = {
    {">>>", 4, SAR}, {"<<", 4, SHL},  {">>", 4, SHR}, {"==", 3, EQ}, {"!=", 3, NE},
    {"<=", 3, LE},   {">=", 3, GE},   {"<", 3, LT},   {">", 3, GT},  {"=", 3, EQ},
    {"|", 0, OR},    {"^", 1, XOR},   {"&", 2, AND},  {"+", 5, ADD}, {"-", 5, SUB},
    {"*", 6, MUL},   {"/", 6, DIV},   {"%", 6, MOD},  {"or", 0, OR}, {"xor", 1, XOR},
    {"and", 2, AND}, {"mod", 6, MOD},
};

static bool word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || c == '@';
}

static const struct binary *find_binary(const char *at)
{
    for (size_t i = 0; i < sizeof binaries / sizeof binaries[0]; i++) {
        size_t length = strlen(binaries[i].text);
        if (strncasecmp(at, binaries[i].text, length) == 0 &&
            !(isalpha((unsigned char)at[0]) && word_char(at[length]))) {
            return &binaries[i];
        }
    }
    return NULL;
}

static bool apply_binary(struct parser *p, enum op op, uint64_t a, uint64_t b, uint64_t *out)
{
    if ((op == DIV || op == MOD) && b == 0) {
        return kd_error(p->kd, "Divide by zero error at '%s'", p->at);
    }
    switch (op) {
    case OR:
        *out = a | b;
        break;
    case XOR:
        *out = a ^ b;
        break;
    case AND:
        *out = a & b;
        break;
    case EQ:
        *out = a == b;
        break;
    case NE:
        *out = a != b;
        break;
    case LE:
        *out = (int64_t)a <= (int64_t)b;
        break;
    case GE:
        *out = (int64_t)a >= (int64_t)b;
        break;
    case LT:
        *out = (int64_t)a < (int64_t)b;
        break;
    case GT:
        *out = (int64_t)a > (int64_t)b;
        break;
    case SHL:
        *out = b < 64 ? a << b : 0;
        break;
    case SHR:
        *out = b < 64 ? a >> b : 0;
        break;
    case SAR:
        *out = (uint64_t)((int64_t)a >> (b < 64 ? b : 63));
        break;
    case ADD:
        *out = a + b;
        break;
    case SUB:
        *out = a - b;
        break;
    case MUL:
        *out = a * b;
        break;
    case DIV:
        *out = a / b;
        break;
    case MOD:
        *out = a % b;
        break;
    }
    return true;
}

/* ---- primaries --------------------------------------------------------------------------------
 */

static bool parse_digits(const char *text, unsigned radix, uint64_t *value)
{
    bool any = false;
    uint64_t result = 0;
    for (; *text != '\0'; text++) {
        if (*text == '`') {
            continue;
        }
        unsigned char c = (unsigned char)tolower((unsigned char)*text);
        unsigned digit = isdigit(c)               ? (unsigned)c - '0'
                         : (c >= 'a' && c <= 'f') ? c - 'a' + 10u
                                                  : 99u;
        if (digit >= radix || __builtin_mul_overflow(result, (uint64_t)radix, &result) ||
            __builtin_add_overflow(result, (uint64_t)digit, &result)) {
            return false;
        }
        any = true;
    }
    *value = result;
    return any;
}

/* 1234, 0x1234, 0n10, 0t17, 0y101, 1234h, fffff800`02800000 */
static bool parse_number(const char *word, uint64_t *value)
{
    static const struct {
        char letter;
        unsigned radix;
    } prefixes[] = {{'x', 16}, {'n', 10}, {'t', 8}, {'y', 2}};

    if (word[0] == '0') {
        for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
            if (tolower((unsigned char)word[1]) == prefixes[i].letter) {
                return parse_digits(word + 2, prefixes[i].radix, value);
            }
        }
    }
    char copy[WORD_SIZE];
    size_t length = strlen(word);
    if (length > 1 && tolower((unsigned char)word[length - 1]) == 'h') {
        memcpy(copy, word, length - 1);
        copy[length - 1] = '\0';
        return parse_digits(copy, 16, value);
    }
    return parse_digits(word, 16, value);
}

/* The name of a module alone is its base. */
static bool module_base(struct kd *kd, const char *name, uint64_t *value)
{
    const struct kd_module *module = kd->symbols ? kd_module_find(kd->symbols, name) : NULL;
    *value = module != NULL ? module->base : 0;
    return module != NULL;
}

/* A number, register or symbol name, taken as a whole: letters, digits, _ $ @ ? ! ` and ::. */
static size_t word_length(const char *at)
{
    size_t length = 0;
    for (;; length++) {
        char c = at[length];
        if (word_char(c) || c == '`' || (c == '?' && length > 0) ||
            (c == '!' && length > 0 && at[length + 1] != '=')) {
            continue;
        }
        if (c == ':' && at[length + 1] == ':' && length > 0) {
            length++;
            continue;
        }
        return length;
    }
}

static bool parse_word(struct parser *p, uint64_t *value)
{
    char word[WORD_SIZE];
    size_t length = word_length(p->at);
    if (length == 0) {
        return *p->at == '\0' ? kd_error(p->kd, "Expression is missing or incomplete")
                              : kd_error(p->kd, "Syntax error at '%s'", p->at);
    }
    if (length >= sizeof word) {
        return kd_error(p->kd, "Name is too long at '%.40s...'", p->at);
    }
    memcpy(word, p->at, length);
    word[length] = '\0';
    bool known;
    if (word[0] == '@' && strchr(word, '!') == NULL) {
        known = kd_register_value(p->kd, word + 1, value);
    } else {
        known = parse_number(word, value) ||
                (strchr(word, '!') == NULL && kd_register_value(p->kd, word, value)) ||
                (p->kd->symbols && kd_symbol_address(p->kd->symbols, word, value)) ||
                module_base(p->kd, word, value);
    }
    if (!known) {
        return kd_error(p->kd, "Couldn't resolve error at '%s'", p->at);
    }
    p->at += length;
    return true;
}

static bool parse_primary(struct parser *p, uint64_t *value)
{
    p->at = kd_skip(p->at);
    if (*p->at == '(') {
        p->at++;
        if (!parse_binary(p, 0, value)) {
            return false;
        }
        p->at = kd_skip(p->at);
        if (*p->at != ')') {
            return kd_error(p->kd, "Syntax error: ')' expected at '%s'", p->at);
        }
        p->at++;
        return true;
    }
    if (*p->at == '.' && !word_char(p->at[1])) {
        if (!kd_register_value(p->kd, "rip", value)) {
            return kd_error(p->kd, "Register error at '%s'", p->at);
        }
        p->at++;
        return true;
    }
    return parse_word(p, value);
}

/* ---- unary operators --------------------------------------------------------------------------
 */

enum unary { MINUS, PLUS, COMPLEMENT, NOT, HI, LOW, BY, WO, DWO, QWO, POI };

static const struct {
    const char *text;
    enum unary op;
} unaries[] = {{"-", MINUS}, {"+", PLUS},  {"~", COMPLEMENT}, {"not", NOT},
               {"hi", HI},   {"low", LOW}, {"by", BY},        {"wo", WO},
               {"dwo", DWO}, {"qwo", QWO}, {"poi", POI}};

static bool apply_memory(struct parser *p, enum unary op, uint64_t operand, uint64_t *out)
{
    size_t size = op == BY ? 1 : op == WO ? 2 : op == DWO ? 4 : 8;
    *out = 0;
    if (!kd_read(p->kd, operand, out, size)) {
        char text[KD_ADDRESS_TEXT];
        return kd_error(p->kd, "Memory access error at '%s' (address %s)", p->at,
                        kd_address_text(operand, text));
    }
    return true;
}

static bool apply_unary(struct parser *p, enum unary op, uint64_t operand, uint64_t *out)
{
    switch (op) {
    case MINUS:
        *out = -operand;
        return true;
    case PLUS:
        *out = operand;
        return true;
    case COMPLEMENT:
        *out = ~operand;
        return true;
    case NOT:
        *out = operand == 0;
        return true;
    case HI:
        *out = operand >> 16 & UINT16_MAX;
        return true;
    case LOW:
        *out = operand & UINT16_MAX;
        return true;
    default:
        return apply_memory(p, op, operand, out);
    }
}

static bool parse_unary(struct parser *p, uint64_t *value)
{
    p->at = kd_skip(p->at);
    for (size_t i = 0; i < sizeof unaries / sizeof unaries[0]; i++) {
        size_t length = strlen(unaries[i].text);
        if (strncasecmp(p->at, unaries[i].text, length) != 0 ||
            (isalpha((unsigned char)*p->at) &&
             (word_char(p->at[length]) || p->at[length] == '!' || p->at[length] == '\0'))) {
            continue;
        }
        uint64_t operand;
        p->at += length;
        if (++p->depth > DEPTH_LIMIT) {
            return kd_error(p->kd, "Expression is nested too deeply");
        }
        if (!parse_unary(p, &operand)) {
            return false;
        }
        p->depth--;
        return apply_unary(p, unaries[i].op, operand, value);
    }
    return parse_primary(p, value);
}

static bool parse_binary(struct parser *p, unsigned level, uint64_t *value)
{
    if (level == LEVELS) {
        return parse_unary(p, value);
    }
    if (level == 0 && ++p->depth > DEPTH_LIMIT) {
        return kd_error(p->kd, "Expression is nested too deeply");
    }
    if (!parse_binary(p, level + 1, value)) {
        return false;
    }
    for (;;) {
        const char *next = kd_skip(p->at);
        const struct binary *binary = find_binary(next);
        if (binary == NULL || binary->level != level) {
            break;
        }
        uint64_t right;
        p->at = next + strlen(binary->text);
        if (!parse_binary(p, level + 1, &right) ||
            !apply_binary(p, binary->op, *value, right, value)) {
            return false;
        }
    }
    if (level == 0) {
        p->depth--;
    }
    return true;
}

/* ---- for commands -----------------------------------------------------------------------------
 */

bool kd_evaluate(struct kd *kd, const char **text, uint64_t *value)
{
    struct parser p = {.kd = kd, .at = *text};
    if (!parse_binary(&p, 0, value)) {
        return false;
    }
    *text = p.at;
    kd->last_value = *value;
    return true;
}

bool kd_evaluate_optional(struct kd *kd, const char **text, uint64_t *value, bool *present)
{
    *present = !kd_at_end(*text);
    return !*present || kd_evaluate(kd, text, value);
}

/* `L` that starts a length, not a name: L10, L?10, L 10, L(...), L@rcx, L-10, L0n16 */
static bool starts_length(const char *at)
{
    if (tolower((unsigned char)*at) != 'l') {
        return false;
    }
    return strchr("?(@- \t", at[1]) != NULL ? at[1] != '\0' : isxdigit((unsigned char)at[1]) != 0;
}

static bool parse_length(struct kd *kd, const char **text, unsigned unit, struct kd_range *range)
{
    const char *at = *text + 1;
    bool large = *at == '?';
    uint64_t count, size;
    at += large;
    if (!kd_evaluate(kd, &at, &count)) {
        return false;
    }
    if ((int64_t)count < 0 && range->start >= -count * unit) { /* L-10: what lies before */
        count = -count;
        range->start -= count * unit;
    }
    if (__builtin_mul_overflow(count, (uint64_t)unit, &size)) {
        size = UINT64_MAX;
    }
    if (!large && size > PLAIN_RANGE_LIMIT) {
        return kd_error(kd, "Range error in '%s': longer than 256 MB, use L?", *text);
    }
    range->size = size;
    *text = at;
    return true;
}

bool kd_evaluate_range(struct kd *kd, const char **text, uint64_t default_count, unsigned unit,
                       struct kd_range *out)
{
    const char *at = *text;
    if (!kd_evaluate(kd, &at, &out->start)) {
        return false;
    }
    at = kd_skip(at);
    out->size = default_count * unit;
    out->explicit_end = true;
    if (starts_length(at)) {
        if (!parse_length(kd, &at, unit, out)) {
            return false;
        }
    } else if (default_count != 0 && *at != '\0' && *at != '"') {
        uint64_t end;
        if (!kd_evaluate(kd, &at, &end)) {
            return false;
        }
        if (end < out->start) {
            return kd_error(kd, "Range error: the end lies before the start");
        }
        out->size = end - out->start + 1 != 0 ? end - out->start + 1 : UINT64_MAX;
    } else {
        out->explicit_end = false;
    }
    if (out->size != 0 && out->size - 1 > UINT64_MAX - out->start) { /* up to the very top */
        out->size = out->start == 0 ? UINT64_MAX : -out->start;
    }
    *text = at;
    return true;
}

const char *kd_skip(const char *text)
{
    while (*text == ' ' || *text == '\t') {
        text++;
    }
    return text;
}

bool kd_word(const char **text, char *out, size_t size)
{
    const char *at = kd_skip(*text);
    size_t length = strcspn(at, " \t");
    if (length == 0 || length >= size) {
        return false;
    }
    memcpy(out, at, length);
    out[length] = '\0';
    *text = kd_skip(at + length);
    return true;
}

bool kd_at_end(const char *text)
{
    return *kd_skip(text) == '\0';
}
