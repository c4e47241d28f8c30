/* The language of experiments, with canned answers in place of the debugger: what holds passes,
 * what does not fails at its line, and a script that is wrong in itself is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/lab_script.h"

/* ---- a debugger that knows a few answers ---- */

static const struct {
    const char *command, *answer;
} canned[] = {
    {"db 1000 L4", "00000000`00001000  61 62 63 64  abcd\n"},
    {"r rcx, rdx", "rcx=0000000000401530\nrdx=0000000000408020\n"},
    {"u 0000000000401530", "lea     eax,[rcx+1]\n"},
    {"two lines", "PROCESS fffffa8000001060\n    Image: a.exe\n"},
    {"empty", ""},
    {"? 1", "Evaluate expression: 1 = 00000000`00000001\n"},
    {"? 0", "Evaluate expression: 0 = 00000000`00000000\n"},
    {"? -1", "Evaluate expression: -1 = ffffffff`ffffffff\n"},
    {"? 0000000000401530 == 0000000000408020", "Evaluate expression: 0 = 00000000`00000000\n"},
    {"? 0000000000401530 != 0000000000408020", "Evaluate expression: 1 = 00000000`00000001\n"},
};

static const char *prompt(void *owner)
{
    (void)owner;
    return "0: kd> ";
}

static bool execute(void *owner, const char *command, FILE *answer, const char **why)
{
    unsigned *executed = owner;
    ++*executed;
    if (strcmp(command, "q") == 0) {
        *why = "it quits";
        return false;
    }
    for (size_t i = 0; i < sizeof canned / sizeof *canned; i++) {
        if (strcmp(canned[i].command, command) == 0) {
            fputs(canned[i].answer, answer);
            return true;
        }
    }
    fprintf(answer, "Couldn't resolve error at '%s'\n", command);
    return true;
}

/* ---- running a text ---- */

struct outcome {
    bool refused; /* by lab_script_load; `output` is why */
    struct lab_result result;
    unsigned executed;
    char *output;
};

static struct outcome run_file(const char *path)
{
    struct outcome o = {0};
    char error[512] = "";
    size_t size;
    struct lab_script *script = lab_script_load(path, error, sizeof error);
    if (!script) {
        o.refused = true;
        o.output = strdup(error);
        return o;
    }
    const struct lab_debugger debugger = {&o.executed, prompt, execute};
    FILE *out = open_memstream(&o.output, &size);
    o.result = lab_script_run(script, &debugger, out);
    fclose(out);
    lab_script_free(script);
    return o;
}

static struct outcome run_text(const char *text)
{
    char path[] = "/tmp/lab_script_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    struct outcome o = run_file(path);
    unlink(path);
    return o;
}

static void passes(const char *text, unsigned checks)
{
    struct outcome o = run_text(text);
    if (o.refused || o.result.failed || o.result.passed != checks) {
        fail_msg("%s\nshould pass %u checks, but:\n%s", text, checks, o.output);
    }
    free(o.output);
}

/* Fails while running, after `checks` good ones, and the output has `why` in it. */
static void fails(const char *text, unsigned checks, const char *why)
{
    struct outcome o = run_text(text);
    if (o.refused || !o.result.failed || o.result.passed != checks || !strstr(o.output, why)) {
        fail_msg("%s\nshould fail with \"%s\" after %u checks, but:\n%s", text, why, checks,
                 o.output);
    }
    free(o.output);
}

static void refused(const char *text, const char *why)
{
    struct outcome o = run_text(text);
    if (!o.refused || !strstr(o.output, why)) {
        fail_msg("%s\nshould be refused with \"%s\", but:\n%s", text, why, o.output);
    }
    free(o.output);
}

/* ---- what holds ---- */

static void test_passes(void **state)
{
    (void)state;
    passes("> db 1000 L4\nexpect 61 62\n", 1);
    passes("> db 1000 L4\nexpect ^00000000`00001000  61.*abcd$\nreject 65\n", 2);
    passes("> two lines\nexpect PROCESS ([0-9a-f]+)\\n +Image: a\\.exe\n", 1);
    passes("# a comment\n\n  > empty\n  reject .\n", 1);
    passes("> empty\ncheck 1\ncheck -1\n", 2);
}

static void test_values_travel(void **state)
{
    (void)state;
    static const char start[] = "> r rcx, rdx\nexpect rcx=([0-9a-f]+)\nlet code = \\1\n"
                                "expect rdx=([0-9a-f]+)\nlet data = \\1\n";
    char text[512];
    snprintf(text, sizeof text, "%s> u ${code}\nexpect lea\ncheck ${code} != ${data}\n", start);
    passes(text, 4);
    snprintf(text, sizeof text, "%scheck ${code} == ${data}\n", start);
    fails(text, 2, "does not hold: 0000000000401530 == 0000000000408020");
    /* a name can get another value */
    passes("> r rcx, rdx\nexpect rcx=(.*)\nlet v = \\1\nexpect rdx=(.*)\nlet v = \\1\n"
           "expect rdx=${v}\n",
           3);
}

/* A value stands for itself in a pattern: the brackets and the plus are not read as one. */
static void test_values_are_literal(void **state)
{
    (void)state;
    passes(
        "> u 0000000000401530\nexpect eax,(.*)$\nlet operand = \\1\nexpect ^lea +eax,${operand}$\n",
        2);
    fails("> u 0000000000401530\nexpect (l.a)\nlet x = \\1\nexpect ^lea +eax,${x}$\n", 1, ":4: ");
}

static void test_groups_that_took_no_part(void **state)
{
    (void)state;
    fails("> db 1000 L4\nexpect (65)|(61)\nlet v = \\1\n", 1, "no group \\1");
    passes("> db 1000 L4\nexpect (65)|(61)\nlet v = \\2\nexpect ${v}\n", 2);
    fails("> db 1000 L4\nexpect 61\nlet v = \\1\n", 1, "no group \\1");
}

/* ---- what does not ---- */

static void test_failures(void **state)
{
    (void)state;
    fails("> db 1000 L4\nexpect 65\n", 0, ":2: the answer lacks what must be there: 65");
    fails("> db 1000 L4\nreject 61\n", 0, ":2: the answer has what must not be there: 61");
    fails("> empty\nexpect .\n", 0, "lacks");
    fails("> empty\ncheck 0\n", 0, "does not hold: 0");
    fails("> empty\ncheck no such thing\n", 0, "cannot be evaluated");
    fails("> nosuch\nexpect 61\n", 0, "lacks");
    fails("> q\nexpect 61\n", 0, "it quits");
    fails("> empty\nexpect (\n", 0, "Unmatched");
    fails("> db ${nobody}\nexpect 61\n", 0, "no let gave ${nobody} a value");
    /* `expect` looks at the last answer only, and `check` has one of its own */
    fails("> db 1000 L4\n> empty\nexpect 61\n", 0, "lacks");
    /* a dot never crosses a line's end, \n does */
    fails("> two lines\nexpect PROCESS.*Image\n", 0, "lacks");
}

static void test_nothing_runs_after_a_failure(void **state)
{
    (void)state;
    struct outcome o = run_text("> db 1000 L4\nexpect 65\n> empty\nreject .\n");
    assert_true(o.result.failed);
    assert_int_equal(o.result.passed, 0);
    assert_int_equal(o.executed, 1);
    free(o.output);
}

static void test_no_checks(void **state)
{
    (void)state;
    fails("> db 1000 L4\n", 0, "checks nothing");
    fails("title Nothing\n", 0, "checks nothing");
    fails("", 0, "checks nothing");
}

/* ---- what is no script ---- */

static void test_refused(void **state)
{
    (void)state;
    char longer[5000] = "> ";
    refused("expects 61\n", ":1: no such word");
    refused("> empty\nexpect\n", ":2: expect: nothing follows");
    refused("expect 61\n", ":1: expect 61: there is no command before it");
    refused("> empty\nlet v = \\1\n", "there is no expect after the last command");
    refused("> db 1000 L4\nexpect 61\n> empty\nlet v = \\1\n",
            ":4: let v = \\1: there is no expect");
    refused("> empty\nexpect 61\nlet v = 1\n", "it must be NAME");
    refused("> empty\nexpect 61\nlet v = \\0\n", "it must be NAME");
    refused("> empty\nexpect 61\nlet = \\1\n", "it must be NAME");
    refused("> empty\nprogram a.exe\n", "come before the first command");
    memset(longer + 2, 'x', sizeof longer - 3);
    refused(longer, ":1: longer than");
    struct outcome o = run_file("/nonexistent/lab.kd");
    assert_true(o.refused && strstr(o.output, "cannot read /nonexistent/lab.kd"));
    free(o.output);
}

static void test_head(void **state)
{
    (void)state;
    char error[512];
    struct lab_script *script =
        lab_script_load(LABS "/02-virtualalloc/lab.kd", error, sizeof error);
    assert_non_null(script);
    assert_non_null(strstr(lab_script_title(script), "VirtualAlloc"));
    assert_int_equal(lab_script_program_count(script), 2);
    assert_string_equal(lab_script_program(script, 1), "b.exe stop");
    assert_null(lab_script_program(script, 2));
    assert_int_equal(lab_script_option_count(script), 0);
    lab_script_free(script);
    script = lab_script_load(LABS "/03-page-walk/lab.kd", error, sizeof error);
    assert_non_null(script);
    assert_string_equal(lab_script_option(script, 0), "--maxphyaddr 36");
    lab_script_free(script);
}

/* The experiments of the project cannot pass against a debugger that answers nothing of use. */
static void test_real_ones_need_answers(void **state)
{
    (void)state;
    static const char *const paths[] = {
        LABS "/01-fixed-base/lab.kd", LABS "/02-virtualalloc/lab.kd", LABS "/03-page-walk/lab.kd"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct outcome o = run_file(paths[i]);
        assert_false(o.refused);
        assert_true(o.result.failed);
        assert_int_equal(o.result.passed, 0);
        free(o.output);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passes),
        cmocka_unit_test(test_values_travel),
        cmocka_unit_test(test_values_are_literal),
        cmocka_unit_test(test_groups_that_took_no_part),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_nothing_runs_after_a_failure),
        cmocka_unit_test(test_no_checks),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_real_ones_need_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
