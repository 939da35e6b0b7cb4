"""Allure results and their page: one more teller of the record, for those who use Allure."""
