--- Registers of an AMD IOMMU in words.
-- Source: AMD I/O Virtualization Technology (IOMMU) Specification, 48882, section
-- 3.4; names as there, and as drivers/iommu/amd/amd_iommu_types.h has them.

local register = require "shark.decode.register"

local M = {}

-- Offsets of registers in a unit's MMIO region.
M.offsets = { CONTROL = 0x18, EFR = 0x30, EFR2 = 0x1a0, STATUS = 0x2020 }

--- IOMMU control register, MMIO 0018h.
--- @type fun(value: integer|ffi.cdata*): shark.Register
M.control = register.define {
  { "IommuEn", 0, 0, function(v) return v == 1 and "on" or "OFF" end },
  { "HtTunEn", 1, 1, "HyperTransport tunnel translated" },
  { "EventLogEn", 2, 2, "event log on" },
  { "EventIntEn", 3, 3, "event interrupt on" },
  { "ComWaitIntEn", 4, 4, "completion wait interrupt on" },
  { "InvTimeOut", 5, 7 },
  { "PassPW", 8, 8, "posted writes pass" },
  { "ResPassPW", 9, 9, "response passes posted writes" },
  { "Coherent", 10, 10, "coherent table walks" },
  { "Isoc", 11, 11, "isochronous requests" },
  { "CmdBufEn", 12, 12, "command buffer on" },
  { "PPRLogEn", 13, 13, "page request log on" },
  { "PPRIntEn", 14, 14, "page request interrupt on" },
  { "PPREn", 15, 15, "page requests on" },
  { "GTEn", 16, 16, "guest translation on" },
  { "GAEn", 17, 17, "128-bit interrupt table entries (GA)" },
  { "GAMEn", 25, 27, "guest virtual APIC mode" },
  { "GALogEn", 28, 28, "guest virtual APIC log on" },
  { "GAIntEn", 29, 29, "guest virtual APIC interrupt on" },
  { "EPHEn", 45, 45, "enhanced page request handling" },
  { "XTEn", 50, 50, "x2APIC destinations" },
  { "IntCapXTEn", 51, 51, "x2APIC destinations for its own interrupts" },
  { "IRTCacheDis", 59, 59, "interrupt table entries are not cached" },
  { "SNPAVICEn", 61, 61, "AVIC with SNP" },
}

--- IOMMU status register, MMIO 2020h.
--- @type fun(value: integer|ffi.cdata*): shark.Register
M.status = register.define {
  { "EventOverflow", 0, 0, "events were lost (log overflow)" },
  { "EventLogInt", 1, 1, "event logged" },
  { "ComWaitInt", 2, 2, "completion wait done" },
  { "EventLogRun", 3, 3, "event log runs" },
  { "CmdBufRun", 4, 4, "command buffer runs" },
  { "PprOverflow", 5, 5, "page requests were lost (log overflow)" },
  { "PprInt", 6, 6, "page request logged" },
  { "PprLogRun", 7, 7, "page request log runs" },
  { "GALogRun", 8, 8, "guest virtual APIC log runs" },
  { "GALOverflow", 9, 9, "guest virtual APIC log overflow" },
  { "GAInt", 10, 10, "guest virtual APIC logged" },
}

--- Extended feature register, MMIO 0030h.
--- @type fun(value: integer|ffi.cdata*): shark.Register
M.efr = register.define {
  { "PreFSup", 0, 0, "prefetch" },
  { "PPRSup", 1, 1, "page requests" },
  { "XTSup", 2, 2, function(v) return v == 1 and "x2APIC destinations" or "xAPIC destinations only" end },
  { "NXSup", 3, 3, "no-execute protection" },
  { "GTSup", 4, 4, "guest translation" },
  { "IASup", 6, 6, "invalidate-all command" },
  { "GASup", 7, 7, function(v)
    return v == 1 and "128-bit interrupt table entries" or "32-bit interrupt table entries only"
  end },
  { "HESup", 8, 8, "hardware error registers" },
  { "PCSup", 9, 9, "performance counters" },
  { "HATS", 10, 11, function(v) return v < 3 and ("host tables of up to %d levels"):format(v + 4) or nil end },
  { "GATS", 12, 13 },
  { "GLXSup", 14, 15 },
  { "SmiFSup", 16, 17, "SMI filter" },
  { "SmiFRC", 18, 20 },
  { "GAMSup", 21, 23, "guest virtual APIC" },
  { "PASmax", 32, 36 },
  { "USSup", 37, 37, "user/supervisor protection" },
  { "HASup", 49, 49, "host accessed bits" },
  { "EPHSup", 50, 50, "enhanced page request handling" },
  { "HDSup", 52, 52, "host dirty bits" },
  { "SNPSup", 63, 63, "SEV-SNP" },
}

return M
