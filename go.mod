module gpk

go 1.26
