// SPDX-License-Identifier: MIT
/*
 * Fills the ring of a tracer, as fast as the kernel can, from CPU 0: records that
 * begin with two times and are zero after them.
 * usage: feed OBJECT PID RECORD-BYTES WAKE-AT SECONDS
 * The ring is the BPF ring buffer among the process's descriptors.
 * Prints "submitted N refused N ns N".
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RUNS = 256, PACKET_BYTES = 64, NS = 1000 * 1000 * 1000 };

/* As feed.bpf.c has them. */
struct constants {
	uint32_t record_bytes;
	uint32_t wake_at;
};

struct counts {
	uint64_t submitted;
	uint64_t refused;
	uint64_t woken;
};

static void fail(const char *what, int code)
{
	fprintf(stderr, "feed: %s: %s\n", what, strerror(code < 0 ? -code : code));
	exit(EXIT_FAILURE);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS + (uint64_t)ts.tv_nsec;
}

/* Id of the map that a descriptor is for if it is a ring buffer, otherwise 0. */
static unsigned int ring_id(const char *path)
{
	unsigned int type = 0, id = 0;
	FILE *file = fopen(path, "re");
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		sscanf(line, "map_type: %u", &type);
		sscanf(line, "map_id: %u", &id);
	}
	if (file)
		fclose(file);
	return type == BPF_MAP_TYPE_RINGBUF ? id : 0;
}

static int ring_of(const char *pid)
{
	char directory[64], path[512];
	struct dirent *entry;
	unsigned int id = 0;
	DIR *dir;

	snprintf(directory, sizeof(directory), "/proc/%s/fdinfo", pid);
	dir = opendir(directory);
	while (dir && !id && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		id = ring_id(path);
	}
	if (dir)
		closedir(dir);
	if (!id)
		fail("no ring in that process", ENOENT);
	return bpf_map_get_fd_by_id(id);
}

static struct bpf_object *load(const char *path, int ring, const struct constants *constants)
{
	struct bpf_object *object = bpf_object__open(path);
	struct bpf_map *rodata;
	int code;

	if (!object)
		fail(path, errno);
	rodata = bpf_object__find_map_by_name(object, ".rodata");
	code = bpf_map__reuse_fd(bpf_object__find_map_by_name(object, "ring"), ring);
	if (!code)
		code = bpf_map__set_initial_value(rodata, constants, sizeof(*constants));
	if (!code)
		code = bpf_object__load(object);
	if (code)
		fail(path, code);
	return object;
}

static void run(const struct bpf_object *object, uint64_t ns)
{
	int fd = bpf_program__fd(bpf_object__find_program_by_name(object, "feed"));
	unsigned char packet[PACKET_BYTES] = { 0 };
	uint64_t start = now_ns();

	while (now_ns() - start < ns) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet,
			    .data_size_in = sizeof(packet), .repeat = RUNS);

		if (bpf_prog_test_run_opts(fd, &opts))
			fail("BPF_PROG_TEST_RUN", errno);
	}
}

static void pin_to_first(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("sched_setaffinity", errno);
}

int main(int argc, char **argv)
{
	struct constants constants;
	struct bpf_object *object;
	struct counts counts;
	uint32_t zero = 0;
	uint64_t start;

	if (argc != 6) {
		fputs("usage: feed OBJECT PID RECORD-BYTES WAKE-AT SECONDS\n", stderr);
		return 2;
	}
	constants.record_bytes = (uint32_t)strtoul(argv[3], NULL, 10);
	constants.wake_at = (uint32_t)strtoul(argv[4], NULL, 10);
	object = load(argv[1], ring_of(argv[2]), &constants);
	pin_to_first();
	start = now_ns();
	run(object, (uint64_t)(strtod(argv[5], NULL) * NS));
	start = now_ns() - start;
	if (bpf_map_lookup_elem(bpf_map__fd(bpf_object__find_map_by_name(object, ".bss")), &zero,
				&counts))
		fail("counts", errno);
	printf("submitted %llu refused %llu ns %llu\n", (unsigned long long)counts.submitted,
	       (unsigned long long)counts.refused, (unsigned long long)start);
	return EXIT_SUCCESS;
}
