// SPDX-License-Identifier: MIT
#include "trace/rawsock.h"

#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/libbpf_error.h"
#include "kernel/kfeat.h"

static int bind_to(int fd, const char *interface, struct error *err)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(interface),
	};

	if (!address.sll_ifindex)
		return error_set(err, -ENODEV, "no network interface '%s'", interface);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)))
		return error_set(err, -errno, "cannot bind a raw socket to '%s': %s", interface,
				 strerror(errno));
	return 0;
}

int rawsock_open(const char *interface, struct error *err)
{
	int code = kfeat_may_open_raw_sockets(err);
	int fd;

	if (code)
		return code;
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL));
	if (fd < 0)
		return error_set(err, -errno, "cannot open a raw socket: %s", strerror(errno));
	code = bind_to(fd, interface, err);
	if (!code)
		return fd;
	close(fd);
	return code;
}

static int first_filter(struct bpf_object *object, const char *path, struct error *err)
{
	struct bpf_program *program;
	int fd;

	bpf_object__for_each_program (program, object) {
		if (bpf_program__type(program) != BPF_PROG_TYPE_SOCKET_FILTER)
			continue;
		fd = fcntl(bpf_program__fd(program), F_DUPFD_CLOEXEC, 3);
		return fd < 0 ? error_set(err, -errno, "%s", strerror(errno)) : fd;
	}
	return error_set(err, -ENOENT, "%s has no program in a section \"socket\"", path);
}

int rawsock_load_filter(const char *path, struct error *err)
{
	struct bpf_object *object;
	int fd;

	if (access(path, R_OK))
		return error_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
	libbpf_error_watch();
	object = bpf_object__open_file(path, NULL);
	if (!object)
		return libbpf_error_set(err, -errno, "%s is not a BPF object", path);
	fd = bpf_object__load(object);
	if (fd)
		fd = libbpf_error_set(err, fd, "%s was not loaded", path);
	else
		fd = first_filter(object, path, err);
	bpf_object__close(object);
	return fd;
}

static int attach(int socket_fd, int option, const void *value, socklen_t size, struct error *err)
{
	if (!setsockopt(socket_fd, SOL_SOCKET, option, value, size))
		return 0;
	return error_set(err, -errno, "cannot attach a filter to descriptor %d: %s", socket_fd,
			 strerror(errno));
}

int rawsock_attach(int socket_fd, int program_fd, struct error *err)
{
	return attach(socket_fd, SO_ATTACH_BPF, &program_fd, sizeof(program_fd), err);
}

int rawsock_attach_classic(int socket_fd, struct sock_filter *code, size_t length,
			   struct error *err)
{
	struct sock_fprog program = { .len = (unsigned short)length, .filter = code };

	if (!length || length > BPF_MAXINSNS)
		return error_set(err, -EINVAL, "a filter has 1 to %d instructions, not %zu",
				 BPF_MAXINSNS, length);
	return attach(socket_fd, SO_ATTACH_FILTER, &program, sizeof(program), err);
}
