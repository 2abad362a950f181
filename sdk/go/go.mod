module example.org/doorward/sdk/go

go 1.19
