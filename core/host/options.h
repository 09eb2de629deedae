/* SPDX-License-Identifier: MIT */
/* The command line: shark [options] [script [args]]. */
#ifndef SHARK_OPTIONS_H
#define SHARK_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "kernel/kernel.h"

/* -e chunk or -l [name=]module; carried out in the order given. */
struct action {
	char option; /* 'e' or 'l' */
	const char *text;
};

struct options {
	int argc;
	char **argv;
	int script; /* index of the script in argv, 0 when there is none */
	bool help, version, list, verbose, interactive;
	const char *root;	   /* checkout to take the Lua files from, or NULL */
	struct kernel_files image; /* the kernel that is read; core is NULL: the running one */
	struct action *actions;
	size_t nr_actions;
};

/*
 * Returns 0, or -EINVAL with what is wrong in err. Options end at the script,
 * at "-" (standard input) and after "--". options_free() takes the result of
 * either.
 */
int options_parse(struct options *options, int argc, char **argv, struct error *err);
void options_free(struct options *options);

/* The text of --help. */
extern const char options_usage[];

#endif
