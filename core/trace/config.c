// SPDX-License-Identifier: MIT
#include "trace/config.h"

#include <errno.h>

static int put_filter(const struct filter *filter, int64_t value, __s64 *to, struct error *err)
{
	int code = 0;

	if (!filter)
		return error_set(err, -EINVAL, "no such filter");
	if (filter->check)
		code = filter->check(value, err);
	else if (value < 0)
		code = error_set(err, -EINVAL, "filter '%s' takes 0 or more, not %lld",
				 filter->name, (long long)value);
	*to = value;
	return code;
}

static int put_filters(const struct provider *provider, const struct session_options *options,
		       struct shark_config *config, struct error *err)
{
	int code = 0;

	for (size_t slot = 0; slot < SHARK_FILTERS; slot++)
		config->filters[slot] = SHARK_ANY;
	for (size_t slot = 0; !code && slot < SHARK_FILTERS; slot++)
		if (options->filters[slot].asked_for)
			code = put_filter(provider_filter_at(provider, slot),
					  options->filters[slot].value, &config->filters[slot],
					  err);
	return code;
}

static int put_features(const struct provider *provider, const struct session_options *options,
			struct shark_config *config, struct error *err)
{
	for (size_t slot = 0; slot < SHARK_FEATURES; slot++) {
		const struct feature *feature = provider_feature_at(provider, slot);
		bool asked_for = options->features[slot].asked_for;

		if (asked_for && !feature)
			return error_set(err, -EINVAL, "no such feature");
		config->features[slot] =
			asked_for ? options->features[slot].on : feature && feature->by_default;
	}
	return 0;
}

int config_fill(const struct provider *provider, const struct session_options *options,
		struct shark_config *config, struct error *err)
{
	int code = put_features(provider, options, config, err);

	return code ? code : put_filters(provider, options, config, err);
}
