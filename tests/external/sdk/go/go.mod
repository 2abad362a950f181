module example.org/doorward/tests/external/sdk/go

go 1.19

require example.org/doorward/sdk/go v0.0.0

replace example.org/doorward/sdk/go => ../../../../sdk/go
