/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this run has written: for each key a digest of its last value, so that a listing writes
 * only what has changed, and deletes what it no longer has. Pure; owned by one thread.
 */
#pragma once

#include "core/must.h"
#include "schema/key.h"

#include <stdbool.h>
#include <stdint.h>

struct known_entry;

struct known {
	struct known_entry **buckets;
	uint32_t n_buckets; /* a power of two */
	uint32_t n;
	uint32_t count[RESOURCE_COUNT];
	uint32_t round[RESOURCE_COUNT]; /* the listing that is being read, counted from 1 */
};

enum known_news { KNOWN_SAME, KNOWN_CHANGED, KNOWN_NEW };

void known_init(struct known *k);
void known_fini(struct known *k);
void known_clear(struct known *k); /* nothing is known to be written any more */

/* The key (key_format()'s text) has a value with this digest; the present listing has it too. */
enum known_news
known_put(struct known *k, enum resource resource, const char *key, uint64_t digest) MUST_USE;

/* The present listing has the key, with a value that could not be read: what is written stays. */
void known_touch(struct known *k, enum resource resource, const char *key);

/* The key is deleted. False: it was not known. */
bool known_drop(struct known *k, enum resource resource, const char *key);

/* A full listing of the resource begins: what is not put until the sweep is gone. */
void known_begin(struct known *k, enum resource resource);

/* Forget what the listing did not have, and call gone() for each; the key is borrowed. */
typedef void known_gone(void *ctx, const char *key);
uint32_t known_sweep(struct known *k, enum resource resource, known_gone *gone, void *ctx);
