"""Allure results and their page: one more teller of the record, for who reads Allure."""
