/* SPDX-License-Identifier: MIT */
/* The constants of one session: what it was asked for, in the provider's slots. */
#ifndef SHARK_CONFIG_H
#define SHARK_CONFIG_H

#include "base/error.h"
#include "trace/session.h"

/*
 * Fills in filters and features: SHARK_ANY, or as by default, where nothing is asked
 * for. Returns 0, -EINVAL where the provider has no such filter or feature, or what the
 * filter's check() answers.
 */
int config_fill(const struct provider *provider, const struct session_options *options,
		struct shark_config *config, struct error *err);

#endif
