/* SPDX-License-Identifier: MIT */
/* Raw packet sockets and the programs that filter them. */
#ifndef SHARK_RAWSOCK_H
#define SHARK_RAWSOCK_H

#include <linux/filter.h>
#include <stddef.h>

#include "base/error.h"

/*
 * An AF_PACKET socket, raw, non-blocking, close-on-exec, that receives all
 * protocols, bound to an interface. Returns its file descriptor or a negative
 * errno.
 */
int rawsock_open(const char *interface, struct error *err);

/*
 * Loads the first socket filter program of a compiled BPF object. Returns its
 * file descriptor or a negative errno.
 */
int rawsock_load_filter(const char *path, struct error *err);

/* Attaches a loaded program to any socket. Returns 0 or a negative errno. */
int rawsock_attach(int socket_fd, int program_fd, struct error *err);

/* The same with a classic BPF filter, as `tcpdump -ddd` prints. */
int rawsock_attach_classic(int socket_fd, struct sock_filter *code, size_t length,
			   struct error *err);

#endif
