--- The modules that scripts may require, each with what it is for. All others are what these
--- are made of, and change with them.

return {
  -- traces
  { name = "shark.irq", text = "traces: handlers and their threads, softirqs, system vectors, IPIs, vector allocator" },
  { name = "shark.remap", text = "interrupt remapping: its state and entries, traces of what changes in it" },
  { name = "shark.virtblk", text = "traces of virtio-blk requests, and the disks" },
  { name = "shark.story", text = "the traces of interrupt remapping told as one, in one order of time" },
  { name = "shark.probe", text = "probes written in Lua: handlers compiled to BPF, and what they count" },
  -- this machine
  { name = "shark.irqmap", text = "an interrupt's way from its device to its handler, and all CPUs' vectors" },
  { name = "shark.iommu", text = "IOMMUs: units, the firmware's tables, why they are used or not, groups" },
  { name = "shark.affinity", text = "where an IRQ was asked to go, where it is, and whether that fits" },
  { name = "shark.doctor", text = "what can be traced here, and what refuses the rest" },
  { name = "shark.kernel", text = "structures in the memory of the running kernel" },
  -- what traces tell
  { name = "shark.hist", text = "histograms of rows: percentiles, buckets, bars" },
  { name = "shark.rows", text = "rows of several looks: keys, order, sums, differences" },
  { name = "shark.stack", text = "kernel stacks as frames, as lines, or folded" },
  { name = "shark.storm", text = "rates and bursts of interrupts, and what can be done about them" },
  { name = "shark.timeline", text = "events of several sessions in one order of time" },
  -- scripts
  { name = "shark.options", text = "the vocabulary of options that packaged scripts take from" },
  { name = "shark.cli", text = "options, the run of a trace with its intervals and its end, JSON" },
  { name = "shark.rowtable", text = "a whole script that prints a table of a session's rows" },
  { name = "shark.probetable", text = "a whole script that prints what probes counted, or a line for each event" },
  { name = "shark.top", text = "the live view of the whole screen" },
  { name = "shark.schedule", text = "when a script reports and when it ends, by the monotonic clock" },
  { name = "shark.providers", text = "what can be traced: ways, filters, fields of rows and events" },
  { name = "shark.manual", text = "the pages of packaged scripts" },
  { name = "shark.modules", text = "this list" },
  -- what is printed
  { name = "shark.fmt", text = "numbers and names as people read them" },
  { name = "shark.text.out", text = "prints lines in which text of others is fit for a terminal" },
  { name = "shark.text.table", text = "rows as a table with columns" },
  { name = "shark.text.terminal", text = "how wide the terminal is, and whether it shows colours" },
  { name = "shark.text.colour", text = "the few colours there are, on a terminal that has them" },
  { name = "shark.text.wrap", text = "text broken into lines" },
  { name = "shark.text.tree", text = "the map of an interrupt, or an IOMMU, as a tree of lines" },
  { name = "shark.text.graph", text = "maps of interrupts for Graphviz, and as SVG" },
  { name = "shark.text.heat", text = "heat maps for terminals and as SVG" },
  { name = "shark.text.chain", text = "chains of decisions (of shark.remap and shark.iommu) as lines" },
  { name = "shark.text.acpi", text = "the ACPI tables DMAR and IVRS as lines" },
  { name = "shark.text.clock", text = "the time of day of events" },
  { name = "shark.json", text = "JSON: exact numbers, an order of fields" },
  { name = "shark.text.plain", text = "64-bit registers and addresses as hexadecimal text, for JSON" },
  { name = "shark.text.foreign", text = "text of others made fit for terminals, XML and Graphviz" },
  -- bits
  { name = "shark.decode.acpi", text = "ACPI tables: DMAR, IVRS, MADT" },
  { name = "shark.decode.amdvi", text = "registers and device table entries of AMD's IOMMUs" },
  { name = "shark.decode.apic", text = "destinations: APIC ids and masks" },
  { name = "shark.decode.cpulist", text = "lists of CPUs: 0-3,8" },
  { name = "shark.decode.idt", text = "entries of the interrupt descriptor table" },
  { name = "shark.decode.ioapic", text = "redirection entries of IO-APICs" },
  { name = "shark.decode.irte", text = "entries of interrupt remapping tables" },
  { name = "shark.decode.msi", text = "messages of MSI and MSI-X" },
  { name = "shark.decode.vtd", text = "registers of Intel's IOMMUs" },
}
