/* src/kd/prompt.c: lines from a person or from a program.
 *
 * With a terminal on both sides libedit reads lines, with history and completion of commands,
 * modules, symbols and types; an empty line repeats the last one, as in WinDbg. Lines are kept from
 * one session to the next, colours and pages come from screen.c. Through a pipe the prompt is
 * printed and flushed before each line is read, so that a driver can wait for it. */
#include <errno.h>
#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "kd/complete.h"
#include "kd/kdi.h"

#define HISTORY_LINES 1000
#define LITERAL '\1' /* around what of a prompt takes no room on the screen */

struct editor {
    EditLine *line;
    History *history;
};

/* ---- terminal ---------------------------------------------------------------------------------
 */

static char *show_prompt(EditLine *line)
{
    struct kd *kd = NULL;
    el_get(line, EL_CLIENTDATA, &kd);
    const char *on = kd_style_on(kd, KD_STYLE_PROMPT), *off = kd_style_off(kd);
    if (*on == '\0') {
        return (char *)(uintptr_t)kd_prompt(kd);
    }
    snprintf(kd->styled_prompt, sizeof kd->styled_prompt, "%c%s%c%s%c%s%c", LITERAL, on, LITERAL,
             kd_prompt(kd), LITERAL, off, LITERAL);
    return kd->styled_prompt;
}

/* One key, without its echo, for the person who has a full screen. */
static enum kd_more ask_for_more(void *context)
{
    const int *terminal = context;
    static const char question[] = "-- more: Space a page, Enter a line, a all, q no more --",
                      wipe[] = "\r\033[K";
    struct termios before, raw;
    char key = 'q';
    if (tcgetattr(*terminal, &before) != 0) {
        return KD_MORE_ALL;
    }
    raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    fwrite(question, 1, sizeof question - 1, stdout);
    fflush(stdout);
    tcsetattr(*terminal, TCSADRAIN, &raw);
    ssize_t count = read(*terminal, &key, 1); /* Ctrl-C interrupts it: no more, then */
    tcsetattr(*terminal, TCSADRAIN, &before);
    fwrite(wipe, 1, sizeof wipe - 1, stdout);
    fflush(stdout);
    if (count != 1) {
        return KD_MORE_STOP;
    }
    return key == ' '                   ? KD_MORE_PAGE
           : key == '\n' || key == '\r' ? KD_MORE_LINE
           : key == 'a'                 ? KD_MORE_ALL
                                        : KD_MORE_STOP;
}

static void screen_open(struct kd *kd, int *terminal)
{
    const char *no_color = getenv("NO_COLOR"), *kind = getenv("TERM");
    bool dumb = kind == NULL || strcmp(kind, "dumb") == 0;
    kd->screen = (struct kd_screen){.on = !dumb,
                                    .colours = !dumb && (no_color == NULL || *no_color == '\0'),
                                    .more = ask_for_more,
                                    .context = terminal};
}

/* The window may have another size than at the last command. */
static void screen_measure(struct kd *kd)
{
    struct winsize size;
    const int *terminal = kd->screen.context;
    bool known = kd->screen.on && ioctl(*terminal, TIOCGWINSZ, &size) == 0;
    kd->screen.rows = known ? size.ws_row : 0;
}

static void list_completions(void *context, const char *word)
{
    fprintf(context, "%s\n", word);
}

static unsigned char complete(EditLine *line, int key)
{
    const LineInfo *info = el_line(line);
    struct kd *kd = NULL;
    FILE *out = NULL;
    char rest[KD_COMPLETION_SIZE], *typed;
    (void)key;
    el_get(line, EL_CLIENTDATA, &kd);
    el_get(line, EL_GETFP, 1, &out);
    typed = strndup(info->buffer, (size_t)(info->cursor - info->buffer));
    if (typed == NULL) {
        return CC_ERROR;
    }
    unsigned count = kd_complete(kd, typed, rest, NULL, NULL);
    bool listing = count > 1 && rest[0] == '\0';
    if (listing) {
        fputc('\n', out);
        kd_complete(kd, typed, rest, list_completions, out);
        if (count > KD_COMPLETION_LISTED) {
            fprintf(out, "... %u more\n", count - KD_COMPLETION_LISTED);
        }
    }
    free(typed);
    if (rest[0] != '\0') {
        return el_insertstr(line, rest) == 0 ? CC_REFRESH : CC_ERROR;
    }
    return listing ? CC_REDISPLAY : CC_ERROR;
}

static bool editor_open(struct editor *editor, struct kd *kd, FILE *in, FILE *out)
{
    HistEvent event;
    editor->line = el_init("ntmm", in, out, stderr);
    editor->history = history_init();
    if (editor->line == NULL || editor->history == NULL) {
        return false;
    }
    history(editor->history, &event, H_SETSIZE, HISTORY_LINES);
    history(editor->history, &event, H_SETUNIQUE, 1);
    if (kd->history != NULL) {
        history(editor->history, &event, H_LOAD, kd->history); /* there may be none yet */
    }
    el_set(editor->line, EL_CLIENTDATA, kd);
    el_set(editor->line, EL_PROMPT_ESC, show_prompt, LITERAL);
    el_set(editor->line, EL_EDITOR, "emacs");
    el_set(editor->line, EL_SIGNAL, 0);
    el_set(editor->line, EL_HIST, history, editor->history);
    el_set(editor->line, EL_ADDFN, "kd-complete", "Complete a command", complete);
    el_set(editor->line, EL_BIND, "^I", "kd-complete", NULL);
    return true;
}

static void editor_close(struct editor *editor)
{
    if (editor->history != NULL) {
        history_end(editor->history);
    }
    if (editor->line != NULL) {
        el_end(editor->line);
    }
}

static void remember(struct editor *editor, struct kd *kd, const char *line)
{
    HistEvent event;
    history(editor->history, &event, H_ENTER, line);
    if (kd->history != NULL) { /* at once: the session may end in any way */
        history(editor->history, &event, H_SAVE, kd->history);
    }
    snprintf(kd->last_line, sizeof kd->last_line, "%s", line);
}

static bool interact_terminal(struct kd *kd, FILE *in, FILE *out)
{
    struct editor editor = {NULL, NULL};
    enum kd_verdict verdict = KD_NEXT;
    int terminal = fileno(in);
    screen_open(kd, &terminal);
    bool open = editor_open(&editor, kd, in, out);
    while (open && verdict == KD_NEXT) {
        int length;
        errno = 0;
        const char *line = el_gets(editor.line, &length);
        if (line == NULL && errno == EINTR) { /* Ctrl-C at the prompt: a new line */
            fputc('\n', out);
            continue;
        }
        if (line == NULL || length <= 0) {
            break;
        }
        bool empty = line[strspn(line, " \t\r\n")] == '\0';
        if (!empty) {
            remember(&editor, kd, line);
        }
        screen_measure(kd);
        verdict = kd_execute(kd, empty ? kd->last_line : line);
    }
    editor_close(&editor);
    kd->screen = (struct kd_screen){.on = false};
    return verdict == KD_QUIT;
}

/* ---- pipe -------------------------------------------------------------------------------------
 */

static bool interact_pipe(struct kd *kd, FILE *in, FILE *out)
{
    char *line = NULL;
    size_t size = 0;
    enum kd_verdict verdict = KD_NEXT;
    while (verdict == KD_NEXT) {
        const char *prompt = kd_prompt(kd);
        kd_write(kd, prompt, strlen(prompt));
        fflush(out);
        if (getline(&line, &size, in) < 0) {
            if (errno == EINTR && !feof(in)) {
                clearerr(in);
                continue;
            }
            break;
        }
        verdict = kd_execute(kd, line);
        fflush(out);
    }
    free(line);
    return verdict == KD_QUIT;
}

bool kd_interact(struct kd *kd, FILE *in, FILE *out)
{
    if (isatty(fileno(in)) && isatty(fileno(out))) {
        return interact_terminal(kd, in, out);
    }
    return interact_pipe(kd, in, out);
}
