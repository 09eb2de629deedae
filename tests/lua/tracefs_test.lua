-- Records of classic tracepoints, from the text of their format files.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local t = require "t"
local tracefs = require "shark.system.tracefs"

local tests = {}

local FORMAT = [[
name: made_up
ID: 372
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;

	field:char prev_comm[16];	offset:8;	size:16;	signed:0;
	field:pid_t prev_pid;	offset:24;	size:4;	signed:1;
	field:unsigned long args[6];	offset:32;	size:48;	signed:0;
	field:__data_loc char[] name;	offset:80;	size:4;	signed:0;
	field:__rel_loc unsigned int[] words;	offset:84;	size:4;	signed:0;
	field:const char * filename;	offset:88;	size:8;	signed:0;
	field:struct request *rq;	offset:96;	size:8;	signed:0;

print fmt: "field:int no;	offset:0;	size:4;	signed:1;", REC->prev_comm
]]

local function of(name)
  for _, field in ipairs(tracefs.parse_format(FORMAT).fields) do
    if field.name == name then
      return field
    end
  end
end

function tests.test_fields_as_the_kernel_lists_them()
  local record, names = tracefs.parse_format(FORMAT), {}
  for i, field in ipairs(record.fields) do
    names[i] = field.name
  end
  t.assertEquals(record.id, 372)
  t.assertEquals(table.concat(names, " "), "common_type common_pid prev_comm prev_pid args name words filename rq")
end

function tests.test_numbers_and_pointers()
  t.assertEquals(of "prev_pid", { name = "prev_pid", ctype = "pid_t", offset = 24, size = 4, signed = true,
    is_array = false, is_data_loc = false, is_rel_loc = false })
  t.assertEquals({ of("filename").ctype, of("filename").size }, { "const char *", 8 })
  t.assertEquals(of("rq").ctype, "struct request *")
end

function tests.test_arrays_of_known_and_unknown_length()
  local comm, args, name, words = of "prev_comm", of "args", of "name", of "words"
  t.assertEquals({ comm.ctype, comm.is_array, comm.count }, { "char", true, 16 })
  t.assertEquals({ args.ctype, args.count, args.size }, { "unsigned long", 6, 48 })
  t.assertEquals({ name.ctype, name.is_array, name.count, name.is_data_loc }, { "char", true, nil, true })
  t.assertEquals({ words.ctype, words.is_data_loc, words.is_rel_loc }, { "unsigned int", false, true })
end

function tests.test_what_is_no_format()
  for _, text in ipairs { "", "\n", "ID: x", "field:int irq", "\tfield:;\toffset:0;\tsize:1;\tsigned:0;", "\0\255" } do
    t.assertEquals(tracefs.parse_format(text), { fields = {} }, text)
  end
end

t.run(tests)
