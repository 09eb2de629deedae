// SPDX-License-Identifier: MIT
#include "host/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

const char options_usage[] =
	"usage: shark [options] [script [args]]\n"
	"\n"
	"Runs a Lua script that traces interrupts: a packaged one by its name\n"
	"(--list), a file by a name with a slash or the suffix .lua, or '-' for\n"
	"standard input. Without a script and on a terminal: an interactive prompt.\n"
	"\n"
	"  -e CHUNK       run a line of Lua first\n"
	"  -l [NAME=]MODULE\n"
	"                 require a module first, into a global of that name, or NAME\n"
	"  -i             prompt after the script has been loaded, or has failed\n"
	"      --list     list the packaged scripts\n"
	"      --core FILE\n"
	"                 read the kernel in this image, not the running one\n"
	"      --btf FILE --core: the types\n"
	"      --symbols FILE\n"
	"                 --core: the symbols; kallsyms, System.map or vmlinux\n"
	"      --root DIR take Lua modules and packaged scripts from a source tree\n"
	"  -V, --verbose  tell on standard error what is tried (shark.verbose in Lua)\n"
	"  -v, --version  print the version; with -V also what the binary contains\n"
	"                 and needs\n"
	"  -h, --help     print this text\n"
	"      --         end of the options\n"
	"\n"
	"Exit status: 0; 1 after an error in the script or one of its callbacks; 2\n"
	"when the command line is wrong. SIGINT and SIGTERM end a script in order; one\n"
	"that does not come back is ended after a second, without its results. A second\n"
	"signal ends it at once.\n";

enum { OPTION_LIST = 256, OPTION_ROOT, OPTION_CORE, OPTION_BTF, OPTION_SYMBOLS };

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ "verbose", no_argument, NULL, 'V' },
	{ "list", no_argument, NULL, OPTION_LIST },
	{ "root", required_argument, NULL, OPTION_ROOT },
	{ "core", required_argument, NULL, OPTION_CORE },
	{ "btf", required_argument, NULL, OPTION_BTF },
	{ "symbols", required_argument, NULL, OPTION_SYMBOLS },
	{ 0 },
};

/* word is the argument that getopt stumbled over; optopt the option in it. */
static int wrong(int letter, const char *word, struct error *err)
{
	const char *what = letter == ':' ? "needs an argument" : "is not known";

	if (strncmp(word, "--", 2) != 0)
		return error_set(err, -EINVAL, "option '-%c' %s", optopt, what);
	if (optopt && strchr(word, '='))
		what = "takes no argument";
	return error_set(err, -EINVAL, "option '%s' %s", word, what);
}

/* -l takes MODULE, or NAME=MODULE. */
static bool is_library(const char *text)
{
	return *text && *text != '=' && text[strlen(text) - 1] != '=';
}

static void take(struct options *options, int letter)
{
	switch (letter) {
	case 'h':
		options->help = true;
		break;
	case 'v':
		options->version = true;
		break;
	case 'V':
		options->verbose = true;
		break;
	case 'i':
		options->interactive = true;
		break;
	case OPTION_LIST:
		options->list = true;
		break;
	case OPTION_ROOT:
		options->root = optarg;
		break;
	case OPTION_CORE:
		options->image.core = optarg;
		break;
	case OPTION_BTF:
		options->image.btf = optarg;
		break;
	case OPTION_SYMBOLS:
		options->image.symbols = optarg;
		break;
	default:
		options->actions[options->nr_actions++] =
			(struct action){ .option = (char)letter, .text = optarg };
	}
}

/* Of the running kernel a script says it (shark.debuginfo_set()). */
static int check_image(const struct kernel_files *image, struct error *err)
{
	const char *without = image->btf ? "--btf" : image->symbols ? "--symbols" : NULL;

	if (!image->core && without)
		return error_set(err, -EINVAL, "option '%s' needs --core: it is of an image",
				 without);
	return 0;
}

int options_parse(struct options *options, int argc, char **argv, struct error *err)
{
	int letter, at;

	*options = (struct options){ .argc = argc, .argv = argv };
	options->actions = calloc((size_t)argc + 1, sizeof(*options->actions));
	if (!options->actions)
		return error_set(err, -ENOMEM, "out of memory");
	opterr = 0;
	optind = 0; /* makes getopt start anew */
	for (at = 1;; at = optind) {
		letter = getopt_long(argc, argv, "+:e:l:ivVh", long_options, NULL);
		if (letter < 0)
			break;
		if (letter == '?' || letter == ':')
			return wrong(letter, argv[at], err);
		if (letter == 'l' && !is_library(optarg))
			return error_set(err, -EINVAL,
					 "option '-l' takes MODULE or NAME=MODULE, not '%s'",
					 optarg);
		take(options, letter);
	}
	options->script = optind < argc ? optind : 0;
	return check_image(&options->image, err);
}

void options_free(struct options *options)
{
	free(options->actions);
	options->actions = NULL;
}
