-- Build step: writes the provider of a tracer that has no NAME.c, from the image
-- of its raw tracepoints: each program runs at the tracepoint that its section names.
-- usage: luajit plain.lua NAME NAME_raw_tp.image.h > NAME.c
local name = arg[1]
local text = assert(io.open(arg[2])):read("*a")

local points = {}
for program, event in text:gmatch('/%* ([%w_]+): raw_tp/([%w_]+) %*/') do
  points[#points + 1] = ('\t{ .program = "%s", .event = "%s" },\n'):format(program, event)
end
if #points == 0 then
  io.stderr:write(("%s.bpf.c has no program at a raw tracepoint, and others need a %s.c\n"):format(name, name))
  os.exit(1)
end

io.write((([[
/* Made by core/trace/plain.lua: what core/tracers/NAME/NAME.c would be. */
#include "base/array.h"
#include "trace/provider.h"

#include "NAME_raw_tp.image.h"

static const struct point points[] = {
POINTS};

static const struct way ways[] = {
	{ .name = "raw_tp", .image = &NAME_raw_tp_image, .attach = attach_raw_tp },
};

static const struct filter filters[SHARK_FILTERS] = {
	[SHARK_FILTER_CPU] = FILTER_CPU,
	[SHARK_FILTER_AT_LEAST_NS] = FILTER_AT_LEAST_NS,
};

static const struct feature features[SHARK_FEATURES] = {
	[SHARK_FEATURE_STACKS] = FEATURE_STACKS,
};

static int rows_wanted(int cpus, struct error *err)
{
	(void)err;
	return provider_rows_of_cpus(cpus, 64, 32);
}

static const struct provider NAME = {
	.name = "NAME",
	.event_size = sizeof(struct shark_event),
	.rows_wanted = rows_wanted,
	.ways = ways,
	.nr_ways = ARRAY_SIZE(ways),
	.points = points,
	.nr_points = ARRAY_SIZE(points),
	.filters = &filters,
	.features = &features,
};
PROVIDER_REGISTER(NAME);
]]):gsub("NAME", name):gsub("POINTS", (table.concat(points):gsub("%%", "%%%%")))))
