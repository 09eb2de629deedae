// SPDX-License-Identifier: MIT
#include "load/program.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/log.h"
#include "load/bpfcall.h"

/* include/uapi/linux/bpf.h since 6.6. */
enum { TRACE_UPROBE_MULTI = 48 };

/* Bytes of the verifier's log: what most need, and what all kernels take (UINT_MAX >> 8). */
enum { FIRST_LOG = 64 * 1024, LAST_LOG = 16 * 1024 * 1024 - 1 };

struct name {
	const char *name;
	int number;
};

static const struct name types[] = {
	{ "raw_tp", BPF_PROG_TYPE_RAW_TRACEPOINT }, { "tracing", BPF_PROG_TYPE_TRACING },
	{ "kprobe", BPF_PROG_TYPE_KPROBE },	    { "tracepoint", BPF_PROG_TYPE_TRACEPOINT },
	{ "perf_event", BPF_PROG_TYPE_PERF_EVENT }, { "syscall", BPF_PROG_TYPE_SYSCALL },
};

static const struct name expected_types[] = {
	{ "trace_raw_tp", BPF_TRACE_RAW_TP },	{ "fentry", BPF_TRACE_FENTRY },
	{ "fexit", BPF_TRACE_FEXIT },		{ "kprobe_multi", BPF_TRACE_KPROBE_MULTI },
	{ "uprobe_multi", TRACE_UPROBE_MULTI },
};

static int number_of(const struct name *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i].name, name))
			return names[i].number;
	return -1;
}

int program_type(const char *name)
{
	return number_of(types, ARRAY_SIZE(types), name);
}

int program_expected(const char *name)
{
	return number_of(expected_types, ARRAY_SIZE(expected_types), name);
}

const char *program_type_at(size_t i)
{
	return i < ARRAY_SIZE(types) ? types[i].name : NULL;
}

const char *program_expected_at(size_t i)
{
	return i < ARRAY_SIZE(expected_types) ? expected_types[i].name : NULL;
}

/* ---- loading ---- */

static void set_debug(union bpf_attr *attr, const struct program_debug *debug)
{
	attr->prog_btf_fd = (__u32)debug->fd;
	attr->func_info = (uintptr_t)debug->functions;
	attr->func_info_cnt = debug->nr_functions;
	attr->func_info_rec_size = sizeof(debug->functions[0]);
	attr->line_info = (uintptr_t)debug->lines;
	attr->line_info_cnt = debug->nr_lines;
	attr->line_info_rec_size = sizeof(*debug->lines);
}

static int load(const struct program_spec *spec, const struct program_debug *debug, char *log,
		size_t log_size)
{
	union bpf_attr attr = {
		.prog_type = (__u32)program_type(spec->type),
		.expected_attach_type =
			spec->expected ? (__u32)program_expected(spec->expected) : 0,
		.insns = (uintptr_t)spec->code,
		.insn_cnt = (__u32)spec->n,
		.license = (uintptr_t)(spec->license ? spec->license : "GPL"),
		.prog_flags = spec->flags,
		.attach_btf_id = spec->btf_id,
		.attach_btf_obj_fd = (__u32)spec->btf_fd,
		.log_buf = (uintptr_t)log,
		.log_size = (__u32)log_size,
		.log_level = log ? 1 : 0,
	};

	bpfcall_name(attr.prog_name, spec->name);
	if (debug)
		set_debug(&attr, debug);
	return bpfcall(BPF_PROG_LOAD, &attr, sizeof(attr));
}

/* Once more, for the log; returns what the load does, and NULL for an empty log. */
static int load_with_log(const struct program_spec *spec, const struct program_debug *debug,
			 char **log)
{
	size_t size = FIRST_LOG;
	int code;

	for (;;) {
		*log = calloc(1, size);
		if (!*log)
			return -ENOMEM;
		code = load(spec, debug, *log, size);
		if (code != -ENOSPC || size == LAST_LOG)
			break;
		free(*log);
		size = 16 * size < LAST_LOG ? 16 * size : LAST_LOG;
	}
	if (!**log) {
		free(*log);
		*log = NULL;
	}
	return code;
}

/* The verifier looks at lines before it looks at the first instruction. */
static bool may_be_lines(const char *log)
{
	return !log || strstr(log, "processed 0 insns");
}

static const char *line_before(const char *log, const char *end)
{
	while (end > log && end[-1] != '\n')
		end--;
	return end;
}

static bool is_sum(const char *line)
{
	return !strncmp(line, "processed ", 10) || !strncmp(line, "verification time", 17) ||
	       !strncmp(line, "stack depth", 11);
}

/* The last line of a log but the verifier's sums: what was wrong. */
static void set_reason(struct error *err, int code, const char *log)
{
	const char *end = log + strlen(log), *start;

	for (;; end = start) {
		while (end > log && end[-1] == '\n')
			end--;
		start = line_before(log, end);
		if (start == log || !is_sum(start))
			break;
	}
	error_set(err, code, "%.*s", (int)(end - start), start);
}

static int refused(const struct program_spec *spec, int code, const char *log, struct error *err)
{
	if (!log)
		return error_set(err, code, "the kernel refused the program %s: %s", spec->name,
				 strerror(-code));
	set_reason(err, code, log);
	if (strstr(log, "BPF_STX uses reserved fields"))
		error_suffix(err, "atomic instructions: kernel 5.12 and later");
	return error_prefix(err, "the kernel refused the program %s: %s", spec->name,
			    strerror(-code));
}

static int load_or_explain(const struct program_spec *spec, const struct program_debug *debug,
			   char **log, struct error *err)
{
	int first = load(spec, debug, NULL, 0), code;

	if (first >= 0)
		return first;
	code = load_with_log(spec, debug, log);
	/* A log that is too long is no reason, and what was refused is refused again. */
	if (code < 0)
		return refused(spec, first, *log, err);
	free(*log);
	*log = NULL;
	return code;
}

int program_load(const struct program_spec *spec, char **log, struct error *err)
{
	struct program_debug debug;
	struct error why;
	int code;

	*log = NULL;
	if (!spec->nr_lines && !spec->callback)
		return load_or_explain(spec, NULL, log, err);
	code = program_debug_load(&debug, spec->name, spec->file, spec->code, spec->n, spec->lines,
				  spec->nr_lines, spec->callback, &why);
	if (!code)
		code = load_or_explain(spec, &debug, log, &why);
	program_debug_free(&debug);
	if (code >= 0)
		return code;
	if (spec->callback || !may_be_lines(*log))
		return error_set(err, why.code, "%s", why.text);
	log_debug("%s: loading without lines: %s", spec->name, why.text);
	free(*log);
	*log = NULL;
	return load_or_explain(spec, NULL, log, err);
}

int program_try(const struct program_spec *spec)
{
	return spec->callback ? -EOPNOTSUPP : load(spec, NULL, NULL, 0);
}

/* ---- looking at it ---- */

/* Kernels fill in as much as they know and say how much that was. */
static bool is_told(__u32 size, size_t field_end)
{
	return size >= field_end;
}

static int get_info(int fd, struct bpf_prog_info *info, __u32 *size, struct error *err)
{
	int code;

	*size = sizeof(*info);
	code = bpf_obj_get_info_by_fd(fd, info, size);
	return code ? error_set(err, code, "the kernel does not tell about a program: %s",
				strerror(-code))
		    : 0;
}

#define END_OF(type, field) (offsetof(type, field) + sizeof(((type *)0)->field))

int program_info(int fd, struct program_info *to, struct error *err)
{
	struct bpf_prog_info info = { 0 };
	__u32 size;
	int code = get_info(fd, &info, &size, err);

	if (code)
		return code;
	*to = (struct program_info){
		.verified = is_told(size, END_OF(struct bpf_prog_info, verified_insns))
				    ? info.verified_insns
				    : PROGRAM_UNKNOWN,
		.misses = is_told(size, END_OF(struct bpf_prog_info, recursion_misses))
				  ? info.recursion_misses
				  : PROGRAM_UNKNOWN,
		.jited = info.jited_prog_len,
		.xlated = info.xlated_prog_len,
	};
	return 0;
}

int program_misses(const int fds[], size_t n, uint64_t *misses, struct error *err)
{
	*misses = 0;
	for (size_t i = 0; i < n; i++) {
		struct program_info info;
		int code = program_info(fds[i], &info, err);

		if (code)
			return code;
		*misses += info.misses == PROGRAM_UNKNOWN ? 0 : info.misses;
	}
	return 0;
}

void *program_jited(int fd, size_t *size, struct error *err)
{
	struct bpf_prog_info info = { 0 }, code = { 0 };
	__u32 told;
	void *into;

	if (get_info(fd, &info, &told, err))
		return NULL;
	if (!info.jited_prog_len) {
		error_set(err, -ENOENT,
			  "there is no machine code: this kernel interprets programs, "
			  "or does not show what it made (kernel.kptr_restrict)");
		return NULL;
	}
	into = calloc(1, info.jited_prog_len);
	code.jited_prog_insns = (uintptr_t)into;
	code.jited_prog_len = info.jited_prog_len;
	if (!into || get_info(fd, &code, &told, err) || !code.jited_prog_insns) {
		error_set(err, into ? -EPERM : -ENOMEM,
			  into ? "the kernel shows machine code to nobody who may not see its "
				 "addresses"
			       : "no memory for a program's machine code");
		free(into);
		return NULL;
	}
	*size = info.jited_prog_len;
	return into;
}

int program_run(int fd, const uint64_t *args, size_t n, uint32_t *result, struct error *err)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = n ? args : NULL,
		    .ctx_size_in = (__u32)(n * sizeof(*args)));
	int code = bpf_prog_test_run_opts(fd, &opts);

	if (code)
		return error_set(err, code,
				 "the kernel did not run the program with %zu arguments: %s", n,
				 strerror(-code));
	*result = opts.retval;
	return 0;
}
