/* source.h: cutting the text of scripts: words, strings, blocks, commands. => source.c */
#pragma once

#include <stdbool.h>

/* A stretch of text being run; `at` moves. */
struct kd_source {
    const char *at, *end;
};

/* Over blanks and ends of lines. */
void kd_source_skip(struct kd_source *s);

/* Take `word`, unless a letter follows it. */
bool kd_source_word(struct kd_source *s, const char *word);

/* { text } or ( text ): *inside gets what is between. */
bool kd_source_block(struct kd_source *s, char open, char close, struct kd_source *inside);

/* The closing partner of the bracket at `at`; NULL: none before `end`. */
const char *kd_source_closing(const char *at, const char *end, char open, char close);

/* Where the command at `at` ends: at a `;` or an end of line outside of quotes and braces. */
const char *kd_source_command_end(const char *at, const char *end);
