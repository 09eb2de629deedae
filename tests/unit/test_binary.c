// SPDX-License-Identifier: MIT
/* Places in programs: this test's own functions and marker, and files that are none or damaged. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>

#include "marked.h"
#include "probe/binary.h"

static const char self[] = "/proc/self/exe";

__attribute__((noinline, used)) static int marked(int argument)
{
	MARK("passed", "-4@%1", "r"(argument));
	return argument + 1;
}

__attribute__((noinline, used)) static int some_function(int n)
{
	__asm__ volatile("nop");
	return 3 * n + 12345;
}

/* What the file has there is what is in memory at the function. */
static void assert_is_at(const void *function, uint64_t offset)
{
	unsigned char bytes[16];
	int fd = open(self, O_RDONLY | O_CLOEXEC);

	assert_int_equal(pread(fd, bytes, sizeof(bytes), (off_t)offset), sizeof(bytes));
	close(fd);
	assert_memory_equal(bytes, function, sizeof(bytes));
}

static const void *address_of(int (*function)(int))
{
	const void *address;

	memcpy(&address, &function, sizeof(address));
	return address;
}

static void a_function_is_found(void **state)
{
	struct error err;
	uint64_t offset;

	(void)state;
	assert_int_equal(some_function(1), 12348);
	assert_int_equal(binary_function(self, "some_function", &offset, &err), 0);
	assert_is_at(address_of(some_function), offset);
}

static void what_is_no_function_is_not_found(void **state)
{
	struct error err;
	uint64_t offset;

	(void)state;
	assert_int_equal(binary_function(self, "no_such_function", &offset, &err), -ENOENT);
	assert_string_equal(err.text,
			    "/proc/self/exe has no function no_such_function among its symbols");
	assert_int_equal(binary_function(self, "marked_semaphore", &offset, &err), -ENOENT);
	assert_int_equal(binary_function(self, "", &offset, &err), -ENOENT);
}

static void what_is_no_binary_is_refused(void **state)
{
	struct binary_markers markers;
	struct error err;
	uint64_t offset;

	(void)state;
	assert_int_equal(binary_function("/no/such/file", "main", &offset, &err), -ENOENT);
	assert_string_equal(err.text, "cannot open /no/such/file: No such file or directory");
	assert_int_equal(binary_function("/proc/self/status", "main", &offset, &err), -ENOEXEC);
	assert_int_equal(binary_markers("/proc/self/status", &markers, &err), -ENOEXEC);
	binary_markers_free(&markers);
}

static const struct binary_marker *find(const struct binary_markers *markers, const char *name)
{
	for (size_t i = 0; i < markers->n; i++)
		if (!strcmp(markers->list[i].provider, "shark") &&
		    !strcmp(markers->list[i].name, name))
			return &markers->list[i];
	return NULL;
}

static void a_marker_is_found(void **state)
{
	struct binary_markers markers;
	const struct binary_marker *marker;
	struct error err;
	uint64_t function;

	(void)state;
	assert_int_equal(marked(1), 2);
	assert_int_equal(binary_markers(self, &markers, &err), 0);
	marker = find(&markers, "passed");
	assert_non_null(marker);
	assert_int_equal(strncmp(marker->arguments, "-4@%", 4), 0);
	assert_int_equal(binary_function(self, "marked", &function, &err), 0);
	assert_true(marker->offset >= function && marker->offset <= function + 64);
	assert_int_not_equal(marker->semaphore, 0);
	binary_markers_free(&markers);
	binary_markers_free(&markers);
}

/* A copy of the test, up to so many bytes, with every byte of a part changed. */
static void copy_damaged(char path[32], size_t size, size_t from, size_t n)
{
	char *bytes = malloc(size);
	int fd = open(self, O_RDONLY | O_CLOEXEC);

	assert_int_equal(read(fd, bytes, size), size);
	close(fd);
	for (size_t i = from; i < from + n && i < size; i++)
		bytes[i] = (char)(bytes[i] ^ 0x5a);
	write_temporary(path, bytes, size);
	free(bytes);
}

static size_t file_size(void)
{
	int fd = open(self, O_RDONLY | O_CLOEXEC);
	off_t size = lseek(fd, 0, SEEK_END);

	close(fd);
	return (size_t)size;
}

/* Whatever they say, and be it that something is there: no read outside of what they have. */
static void damaged_files_are_no_harm(void **state)
{
	const size_t size = file_size();

	(void)state;
	for (size_t i = 0; i < 64; i++) {
		struct binary_markers markers;
		struct error err;
		uint64_t offset;
		char path[32];
		size_t at = i < 32 ? i * 32 : size / 32 * (i - 32);

		copy_damaged(path, i & 1 ? size - at / 2 : size, at, 64);
		binary_function(path, "some_function", &offset, &err);
		binary_markers(path, &markers, &err);
		binary_markers_free(&markers);
		unlink(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_function_is_found),
		cmocka_unit_test(what_is_no_function_is_not_found),
		cmocka_unit_test(what_is_no_binary_is_refused),
		cmocka_unit_test(a_marker_is_found),
		cmocka_unit_test(damaged_files_are_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
