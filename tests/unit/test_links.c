// SPDX-License-Identifier: MIT
/* Links: any number, each closed once. The descriptors are real ones, copies of standard input. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/array.h"
#include "trace/attach.h"
#include "trace/links.h"

/* Three of each are opened: fewer descriptors than a process may have (1024, mostly). */
enum { MANY = 100 };

static const struct point points[] = {
	{ .event = "needed" },
	{ .event = "entry", .optional = 1 },
	{ .event = "exit", .optional = 1 },
	{ .event = "other", .optional = 2 },
};

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* As many descriptors as there are CPUs on a large machine. */
static int attach_everywhere(int program_fd, const struct point *point, struct links *links,
			     struct error *err)
{
	int code = 0;

	for (int i = 0; !code && i < MANY; i++)
		code = links_add(links, point, fcntl(program_fd, F_DUPFD_CLOEXEC, 0), err);
	return code;
}

/* Descriptors of this process, with that of the folder itself. */
static size_t open_files(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 4 * MANY + 64; fd++)
		n += is_open(fd);
	return n;
}

static void a_point_may_have_many_links(void **state)
{
	struct links links = { 0 };
	size_t before = open_files();
	uint64_t missed;
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(points) - 1; i++)
		assert_int_equal(attach_everywhere(STDIN_FILENO, &points[i], &links, &err), 0);
	assert_int_equal(links.n, 3 * MANY);
	assert_int_equal(open_files(), before + (size_t)3 * MANY);
	/* Descriptors that are no links tell nothing. */
	assert_int_equal(links_missed(&links, &missed), -EOPNOTSUPP);
	assert_int_equal(missed, 0);
	links_close(&links);
	links_close(&links);
	/* Nor when they are closed. */
	assert_int_equal(links_missed(&links, &missed), -EOPNOTSUPP);
	assert_int_equal(links.n, 0);
	assert_int_equal(open_files(), before);
}

/* Wherever they stand. */
static void partners_go_together(void **state)
{
	const struct point *order[] = { &points[1], &points[0], &points[2], &points[3] };
	struct links links = { 0 };
	size_t before = open_files();
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		for (int j = 0; j < 3; j++)
			links_add(&links, order[i], dup(STDIN_FILENO), &err);
	links_drop(&links, &points[2]);
	assert_int_equal(links.n, 6);
	assert_int_equal(open_files(), before + 6);
	for (size_t i = 0; i < links.n; i++) {
		assert_true(is_open(links.list[i].fd));
		assert_ptr_equal(links.list[i].point, i < 3 ? &points[0] : &points[3]);
	}
	links_close(&links);
	assert_int_equal(open_files(), before);
}

/* What is not optional has no partners: 0 is no number. */
static void what_is_needed_has_no_partners(void **state)
{
	static const struct point another = { .event = "another" };
	struct links links = { 0 };
	struct error err;

	(void)state;
	links_add(&links, &points[0], dup(STDIN_FILENO), &err);
	links_add(&links, &another, dup(STDIN_FILENO), &err);
	links_drop(&links, &another);
	assert_int_equal(links.n, 1);
	assert_ptr_equal(links.list[0].point, &points[0]);
	links_close(&links);
}

/* An attachment that failed half way: a number that comes again is another's by then. */
static void a_cut_leaves_what_was_there(void **state)
{
	struct links links = { 0 };
	struct error err;
	int mine;

	(void)state;
	links_add(&links, &points[0], dup(STDIN_FILENO), &err);
	attach_everywhere(STDIN_FILENO, &points[1], &links, &err);
	links_cut(&links, 1);
	assert_int_equal(links.n, 1);
	assert_true(is_open(links.list[0].fd));
	mine = dup(STDIN_FILENO);
	links_cut(&links, 1);
	assert_true(is_open(mine));
	attach_everywhere(STDIN_FILENO, &points[1], &links, &err);
	assert_int_equal(links.n, 1 + MANY);
	links_close(&links);
	assert_true(is_open(mine));
	close(mine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_point_may_have_many_links),
		cmocka_unit_test(partners_go_together),
		cmocka_unit_test(what_is_needed_has_no_partners),
		cmocka_unit_test(a_cut_leaves_what_was_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
