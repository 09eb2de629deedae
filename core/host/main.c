// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/version.h"
#include "host/embedded.h"
#include "host/host.h"
#include "host/linkage.h"
#include "host/options.h"

enum { EXIT_USAGE = 2 };

static int print(const char *text)
{
	fputs(text, stdout);
	return EXIT_SUCCESS;
}

static int print_scripts(void)
{
	for (const struct embedded *script = embedded_scripts; script->name; script++)
		printf("%-12s %s\n", script->name, script->summary);
	return EXIT_SUCCESS;
}

/* With -V also what the binary is made of. */
static int print_version(const struct options *options)
{
	struct error err;

	print(SHARK_VERSION_LINE "\n");
	if (!options->verbose || !linkage_print(&err))
		return EXIT_SUCCESS;
	log_error("%s", err.text);
	return EXIT_FAILURE;
}

static int run(const struct options *options)
{
	if (options->help)
		return print(options_usage);
	if (options->version)
		return print_version(options);
	if (options->list)
		return print_scripts();
	return host_run(options);
}

/* Text that could not be written is an error of its own. */
static int flush(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	perror("shark: cannot write standard output");
	return status ? status : EXIT_FAILURE;
}

/*
 * A standard stream that is closed must not become the next file that is
 * opened. Opened the wrong way round, it still fails as a closed one does.
 */
static void occupy_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
	struct options options;
	struct error err;
	int status;

	occupy_standard_streams();
	if (options_parse(&options, argc, argv, &err)) {
		log_error("%s; 'shark --help' lists the options", err.text);
		status = EXIT_USAGE;
	} else {
		status = flush(run(&options));
	}
	options_free(&options);
	return status;
}
