/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are there whole or not at all, whatever happens to the machine meanwhile. */
#pragma once

#include "core/must.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The file at path now holds these n bytes: written beside it, brought to the disk, and renamed over it. Mode 0600. False: the old
 * file is as it was, and why (size bytes) says what is wrong. Any thread; blocks for the disk.
 */
bool
file_replace(const char *path, const void *bytes, size_t n, char *why, size_t size) MUST_USE;

/* The last step of it, for who has written path.new by himself: fd (closed by this) to the disk and over path. */
bool file_finish(int fd, const char *path, char *why, size_t size) MUST_USE;

/* Open path.new anew for writing; -1: why. */
int file_begin(const char *path, char *why, size_t size) MUST_USE;

/* All n bytes, whatever interrupts it. False: errno; some of them may be written. */
bool file_write(int fd, const void *bytes, size_t n) MUST_USE;
