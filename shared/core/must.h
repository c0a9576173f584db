/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three failures, three words. Our own bug: must(). The machine (memory, boot): die().
 * The world (a peer, Kafka, a config): a returned value that the caller has to use.
 */
#pragma once

#include <stddef.h>

#define MUST_USE       __attribute__((warn_unused_result))
#define PRINTF_LIKE(f) __attribute__((format(printf, f, f + 1)))
#define COUNT_OF(a)    (sizeof(a) / sizeof((a)[0]))

/* Always compiled in: the condition is false only if this program is wrong. */
#define must(cond) ((cond) ? (void)0 : must_failed(#cond, __FILE__, __LINE__))

/* Prints the broken condition and aborts (a core is wanted). Any thread. */
_Noreturn void must_failed(const char *cond, const char *file, int line);

/* The machine cannot give what the program needs to go on: prints and exits with 70. */
_Noreturn void die(const char *format, ...) PRINTF_LIKE(1);

/* Heap that dies instead of returning NULL; free() releases. n * size is checked. */
void *must_alloc(size_t size) MUST_USE __attribute__((malloc));
void *must_calloc(size_t n, size_t size) MUST_USE __attribute__((malloc));
void *must_realloc(void *old, size_t size) MUST_USE;
char *must_strdup(const char *s) MUST_USE;
