module todo/lab

go 1.26

require todo v0.0.0

replace todo => ../
